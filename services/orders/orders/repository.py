"""All SQL of orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_

from libs.common.db.direct import Direct, insert_of, values_of
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.orders.models import Order, OrderLine
from services.orders.orders.states import OrderStatus
from services.orders.visibility import Caller

_INSERT, _INSERT_LINE = Direct(insert_of(Order)), Direct(insert_of(OrderLine))


class OrderRepository(Repository[Order]):
    """Orders of one tenant, within what the caller may see."""

    model = Order

    def __init__(self, uow: UnitOfWork, caller: Caller | None = None) -> None:
        super().__init__(uow)
        self.caller = caller or Caller(uow.actor)

    @property
    def is_narrowed(self) -> bool:
        """Whether the caller sees his own rows only."""
        return self.caller.sees_own_only

    def visible(self) -> list[ColumnElement[bool]]:
        """The ownership scope of the caller."""
        condition = self.caller.condition(Order.customer_user_id, Order.cart_token_hash)
        return [] if condition is None else [condition]

    async def get(self, row_id: UUID, *, lock: bool = False) -> Order | None:
        """The order with this id, if the caller may see it."""
        return await self.find(Order.id == row_id, *self.visible(), lock=lock)

    async def add(self, row: Order) -> Order:
        """Insert an order with its lines, with the next flush."""
        row.version = row.version or 1
        row.created_at = row.updated_at = self.uow.now
        self.uow.write(_INSERT, row)
        shared = {
            "order_id": row.id,
            "version": 1,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
        self.uow.write(_INSERT_LINE, *({**values_of(line), **shared} for line in row.lines))
        return row

    async def lock_due(self, now: datetime, limit: int) -> Sequence[Order]:
        """Placed orders whose reservation has run out, over all tenants; those that others hold are left out."""
        return await self._lock(Order.status == OrderStatus.PLACED, Order.reserved_until <= now, limit=limit)

    async def lock_delivered(self, before: datetime, limit: int) -> Sequence[Order]:
        """Orders delivered by then and not completed, over all tenants; those that others hold are left out."""
        return await self._lock(
            Order.status == OrderStatus.DELIVERED, Order.delivered_at <= before, limit=limit
        )

    async def lock_free(self, keys: Sequence[tuple[UUID, UUID]]) -> Sequence[Order]:
        """Those of these orders (tenant and id) that nobody else holds."""
        return await self._lock(tuple_(Order.tenant_id, Order.id).in_(keys), limit=len(keys))

    async def _lock(self, *conditions: ColumnElement[bool], limit: int) -> Sequence[Order]:
        statement = (
            select(Order)
            .where(*conditions)
            .order_by(Order.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self.session.execute(statement)).scalars().all()
