"""Timed work on sessions."""

from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.sessions.repository import SessionRepository

# Once a minute: so many a minute is more than a platform's people sign in.
_BATCH = 5_000
# Ended sessions stay this long, for whoever looks into an incident.
_KEPT = timedelta(days=30)


async def forget_sessions(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove sessions that ended long ago, and refresh tokens that have expired."""
    rows = SessionRepository(uow)
    await rows.remove_ended(uow.now - _KEPT, _BATCH)
    await rows.remove_tokens(uow.now, _BATCH)
