"""Timed work on passkeys."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.passkeys.repository import ChallengeRepository

_BATCH = 5_000


async def forget_challenges(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove the challenges that nobody answered in time."""
    await ChallengeRepository(uow).remove_expired(uow.now, _BATCH)
