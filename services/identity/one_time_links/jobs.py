"""Background work on one-time links."""

from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.repository import OneTimeLinkRepository
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.users.repository import UserRepository

PURPOSE = "one_time_links.request"
_BATCH = 2_000
# They stay for a day, so that asking too often is noticed.
_KEPT = timedelta(days=1)


async def mail_link(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Make and mail the link that somebody asked for, where the address has an account.

    Whether it has one is found out here and not in the request, which therefore takes as long for every address.
    """
    email = uow.context.keyring.decrypt(args["address"], purpose=PURPOSE)
    await uow.enter_platform()
    users = UserRepository(uow)
    found = await users.by_email(email)
    # Locked, so that of several at once each counts those before.
    user = await users.get(found.id, lock=True) if found is not None else None
    if user is not None and user.is_active:
        await OneTimeLinkService(uow).make(user, LinkPurpose(args["purpose"]))


async def forget_links(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove links that expired long ago."""
    await OneTimeLinkRepository(uow).remove_expired(uow.now - _KEPT, _BATCH)
