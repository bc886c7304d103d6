"""Locks on things that have no row yet, held until the end of the transaction."""

from sqlalchemy import Text, bindparam, func, select

from libs.common.db.direct import Direct, Run, all_of
from libs.common.db.unit_of_work import UnitOfWork

_LOCK = Direct(select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("key", type_=Text()), 0))))


async def lock(uow: UnitOfWork, *key: object) -> None:
    """Wait for any other transaction that holds this key."""
    await all_of(uow, locking(*key))


def locking(*key: object) -> Run:
    """The statement of `lock`, to be sent along with others, which run when the lock is held."""
    return _LOCK, {"key": "/".join(map(str, ("crm", *key)))}
