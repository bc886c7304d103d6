"""Timed work on attempt counters."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.attempts.models import AttemptCounter

_BATCH = 5_000


async def forget_attempts(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove the counters that have no effect any more."""
    settings = uow.context.settings
    effect = max(settings.lockout_window_seconds, settings.lockout_seconds, 60)
    old = (
        select(AttemptCounter.scope, AttemptCounter.subject)
        .where(AttemptCounter.updated_at < uow.now - timedelta(seconds=2 * effect))
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    await uow.session.execute(
        delete(AttemptCounter).where(tuple_(AttemptCounter.scope, AttemptCounter.subject).in_(old))
    )
