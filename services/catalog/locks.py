"""The order in which this service takes locks, and the named ones among them.

Always in this order, so that no two transactions wait for each other: named locks, reservation, product, variants by
id, stores, stock levels by (variant, store).
"""

from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork


async def hold(uow: UnitOfWork, name: str) -> None:
    """Hold a named lock of the tenant until the transaction ends."""
    key = func.hashtextextended(f"{uow.tenant_id}:{name}", 0)
    await uow.session.execute(select(func.pg_advisory_xact_lock(key)))
