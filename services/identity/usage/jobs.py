"""Timed work on usage."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.usage.repository import remove_claims
from services.identity.usage.service import month_of

_BATCH = 5_000


async def forget_claims(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Forget what was counted in months that are over; the counters stay."""
    begins, _ = month_of(uow.now)
    await remove_claims(uow.session, begins.date(), _BATCH)
