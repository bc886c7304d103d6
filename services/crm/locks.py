"""Locks on things that have no row yet, held until the end of the transaction."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def lock(uow: UnitOfWork, *key: object) -> None:
    """Wait for any other transaction that holds this key."""
    await uow.session.execute(_LOCK, {"key": "/".join(map(str, ("crm", *key)))})
