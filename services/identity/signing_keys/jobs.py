"""Timed work on signing keys."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.signing_keys.service import SigningKeyService


async def rotate_signing_keys(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Replace the signing key when it is old, or at once with `{"now": true}`."""
    service = SigningKeyService(uow)
    if args.get("now"):
        await uow.enter_platform()
        await service.rotate()
    else:
        await service.rotate_when_due()
