"""The jobs that every service has: they remove infrastructure rows that have served their time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from libs.common.jobs.job import Job
from libs.common.jobs.retention import Retention

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork

_BATCH = 5000
_ROUNDS = 100
_EVERY = 600.0


def sweep_jobs(retention: Retention) -> Sequence[Job]:
    """One timed job per infrastructure table."""
    return (
        _sweep("sweep_outbox", "outbox", "published_at", retention.outbox_days),
        _sweep("sweep_inbox", "inbox", "processed_at", retention.inbox_days),
        _sweep("sweep_jobs", "job", "finished_at", retention.jobs_days),
        _sweep("sweep_dead_jobs", "job", "dead_at", retention.dead_letters_days),
        _sweep("sweep_idempotency_keys", "idempotency_key", "created_at", retention.idempotency_days),
        _sweep("sweep_dead_letters", "dead_letter", "resolved_at", retention.dead_letters_days),
    )


def _sweep(job: str, model: str, column: str, days: float) -> Job:
    async def run(uow: "UnitOfWork", args: dict[str, Any]) -> None:
        table = getattr(uow.context.models, model).__table__
        name = f'"{table.schema}"."{table.name}"'
        statement = text(
            f"WITH old AS MATERIALIZED (SELECT ctid FROM {name} WHERE {column} < :before LIMIT {_BATCH} "
            f"FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM {name} AS swept USING old WHERE swept.ctid = old.ctid "
            "RETURNING 1) SELECT count(*) FROM gone"
        )
        before = uow.now - timedelta(days=days)
        for _ in range(_ROUNDS):
            # A commit for each batch: no long transaction, no long list of row locks.
            async with uow.context.unit_of_work(platform=True) as batch:
                removed = await batch.session.scalar(statement, {"before": before})
            if (removed or 0) < _BATCH:
                return

    return Job(job, run, every=_EVERY)
