"""The order in which this service takes locks, and the named ones among them.

Always in this order, so that no two transactions wait for each other: named locks, reservation, product, variants by
id, stores, stock levels by (variant, store).
"""

from sqlalchemy import Text, bindparam, func, select

from libs.common.db.direct import Direct, Run, all_of
from libs.common.db.unit_of_work import UnitOfWork

_HOLD = Direct(select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text()), 0))))


async def hold(uow: UnitOfWork, name: str) -> None:
    """Hold a named lock of the tenant until the transaction ends."""
    await all_of(uow, holding(uow, name))


def holding(uow: UnitOfWork, name: str) -> Run:
    """The statement of `hold`, to be sent along with others, which run when the lock is held."""
    return _HOLD, {"name": f"{uow.tenant_id}:{name}"}
