"""Lets those who count something, and add to it, do so one after the other."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def one_at_a_time(uow: UnitOfWork, key: str) -> None:
    """Wait until whoever holds this key has committed, and hold it to the end of this transaction.

    What is counted afterwards has what the one before added. Keys begin with what is counted, or with a tenant.
    """
    await uow.session.execute(_ONE_AT_A_TIME, {"key": key})
