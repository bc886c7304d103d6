"""Timed work on signing keys, and what operators ask for."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from services.identity.signing_keys.service import SigningKeyService


async def rotate_signing_keys(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Replace the signing key when it is old, or at once with `{"now": true}`."""
    service = SigningKeyService(uow)
    if args.get("now"):
        await uow.enter_platform()
        await service.rotate()
    else:
        await service.rotate_when_due()


async def withdraw_signing_key(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Take away a key that has leaked, unless that is done already."""
    await uow.enter_platform()
    with suppress(NotFound):
        await SigningKeyService(uow).withdraw(UUID(args["key_id"]))
