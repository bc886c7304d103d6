"""Whether transactions wait for each other."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork

# Of `pg_stat_activity` a transaction sees what it saw first.
_WAITS = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
)


async def is_waited_for(uow: UnitOfWork) -> bool:
    """Whether another transaction waits for a lock that this one holds."""
    return bool(await uow.session.scalar(_WAITS))
