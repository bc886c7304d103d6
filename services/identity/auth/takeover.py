"""Taking over an account whose address nobody had proven: whoever made it may have been anybody."""

from sqlalchemy import delete

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.audit import change_recorded
from services.identity.api_keys.service import PersonalTokenService
from services.identity.mfa.repository import SecondFactorRepository
from services.identity.oidc.models import OidcCode, OidcLink
from services.identity.one_time_links.repository import OneTimeLinkRepository
from services.identity.passkeys.models import Passkey
from services.identity.sessions.service import SessionService
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


async def take_over(uow: UnitOfWork, user: User) -> None:
    """Leave nothing by which whoever made the account gets in: its person has just proven the address for the first time.

    The row is locked. An account whose address was proven before stays as it is.
    """
    if user.email_verified_at is not None:
        return
    await SessionService(uow).revoke_all(user.id, "the address was proven by somebody else")
    await PersonalTokenService(uow).revoke_all(user.id)
    await SecondFactorRepository(uow).remove(user.id)
    await OneTimeLinkRepository(uow).void(user.id, uow.now)
    for model in (Passkey, OidcLink, OidcCode):
        await uow.session.execute(delete(model).where(model.user_id == user.id))
    had_password = user.password_hash is not None
    user.password_hash, user.email_verified_at = None, uow.now
    await UserRepository(uow).save(user)
    event = change_recorded("identity", "taken_over", "user", user.id, {"has_password": had_password}, None)
    uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)
