"""All SQL of orders. Single orders are read and written by `Direct` statements; lists go through the session."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm.attributes import set_committed_value

from libs.common.db.direct import Direct, Row, all_of, hydrated, insert_of, read, values_of
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.orders.models import Order, OrderLine
from services.orders.orders.states import OrderStatus
from services.orders.visibility import Caller

_TENANT = bindparam("tenant_id", type_=Uuid())
_ORDER = bindparam("order_id", type_=Uuid())
_OPENED = select(Order.__table__).where(
    Order.tenant_id == _TENANT,
    Order.id == _ORDER,
    or_(
        bindparam("sees_all", type_=Boolean()),
        Order.customer_user_id == bindparam("user_id", type_=Uuid()),
        Order.cart_token_hash == bindparam("token_hash", type_=Text()),
    ),
)
_GET = Direct(_OPENED)
_LOCK = Direct(_OPENED.with_for_update())
_HAS_LAPSED = or_(
    Order.status == OrderStatus.EXPIRED,
    and_(
        Order.status == OrderStatus.PLACED,
        Order.reserved_until < bindparam("now", type_=DateTime(timezone=True)),
    ),
)
_LOCK_UNLESS_LAPSED = Direct(_OPENED.where(not_(_HAS_LAPSED)).with_for_update())
_LINES = Direct(
    select(OrderLine.__table__)
    .where(OrderLine.tenant_id == _TENANT, OrderLine.order_id == _ORDER)
    .order_by(OrderLine.position)
)
_TENANT_OF = Direct(select(Order.tenant_id).where(Order.id == _ORDER))
_IDS = ARRAY(Uuid())
# Orders named by tenant and id; see `given`.
GIVEN = (
    func.unnest(bindparam("tenant_ids", type_=_IDS), bindparam("order_ids", type_=_IDS))
    .table_valued(column("tenant_id", Uuid), column("order_id", Uuid), name="given")
    .render_derived()
)
_OF_SEVERAL = Direct(
    select(Order.__table__)
    .join(GIVEN, and_(Order.tenant_id == GIVEN.c.tenant_id, Order.id == GIVEN.c.order_id))
    .order_by(Order.id)
)
_LINES_OF_SEVERAL = Direct(
    select(OrderLine.__table__)
    .join(GIVEN, and_(OrderLine.tenant_id == GIVEN.c.tenant_id, OrderLine.order_id == GIVEN.c.order_id))
    .order_by(OrderLine.position)
)
_INSERT, _INSERT_LINE = Direct(insert_of(Order)), Direct(insert_of(OrderLine))
_UPDATE = Direct(
    update(Order)
    .where(Order.tenant_id == _TENANT, Order.id == bindparam("id", type_=Uuid()))
    .values(
        {
            c.name: bindparam(c.name, type_=c.type)
            for c in Order.__table__.columns
            if c.name not in ("tenant_id", "id", "currency", "created_at")
        }
    )
)
_SHIP = Direct(
    update(OrderLine)
    .where(OrderLine.tenant_id == _TENANT, OrderLine.id == bindparam("line_id", type_=Uuid()))
    .values(shipped_quantity=bindparam("shipped_quantity", type_=OrderLine.__table__.c.shipped_quantity.type))
)


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
        return await self._opened(_LOCK if lock else _GET, row_id, lock=lock)

    async def exists(self, row_id: UUID) -> bool:
        """Whether there is an order of this tenant with this id."""
        found = await _TENANT_OF.first(self.uow, order_id=row_id)
        return found is not None and found[0] == self.uow.tenant_id

    async def lock_unless_lapsed(self, row_id: UUID) -> Order | None:
        """The locked order with this id, unless its stock was freed or may be freed by now."""
        return await self._opened(_LOCK_UNLESS_LAPSED, row_id, lock=True, now=self.uow.now)

    async def _opened(self, statement: Direct, row_id: UUID, *, lock: bool, **values: Any) -> Order | None:
        key = {"tenant_id": await self._tenant_of(row_id), "order_id": row_id}
        opened = {
            **key,
            **values,
            "sees_all": not self.caller.sees_own_only,
            "user_id": self.caller.actor.user_id,
            "token_hash": self.caller.token_hash,
        }
        found = await (all_of if lock else read)(self.uow, (statement, opened), (_LINES, key))
        return next(iter(_with_lines(*found)), None)

    async def _tenant_of(self, row_id: UUID) -> UUID | None:
        if not self.uow.is_platform:
            return self.uow.tenant_id
        row = await _TENANT_OF.first(self.uow, order_id=row_id)
        return row[0] if row else None

    async def add(self, row: Order) -> Order:
        """Insert an order with its lines, with the next flush."""
        self.uow.insert(_INSERT, row)
        shared = {
            "order_id": row.id,
            "version": 1,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
        self.uow.write(_INSERT_LINE, *({**values_of(line), **shared} for line in row.lines))
        return row

    async def save(self, row: Order) -> Order:
        """Write a locked order as it is at the next flush, raising its version; its lines are not among it."""
        self.uow.raise_version(row)
        if not (self.uow.will_write(_INSERT, row) or self.uow.will_write(_UPDATE, row)):
            self.uow.write(_UPDATE, row)
        return row

    def ship(self, line: OrderLine, quantity: int) -> None:
        """Note with the next flush that so many more of a line of a locked order were sent."""
        line.shipped_quantity += quantity
        self.uow.write(
            _SHIP,
            {"tenant_id": line.tenant_id, "line_id": line.id, "shipped_quantity": line.shipped_quantity},
        )

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
        # Which index is best depends on the values: the session lets the server plan for these.
        free = (
            select(Order.tenant_id, Order.id)
            .where(*conditions)
            .order_by(Order.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        keys = [(tenant_id, order_id) for tenant_id, order_id in await self.session.execute(free)]
        if not keys:
            return []
        found = await all_of(self.uow, (_OF_SEVERAL, given(keys)), (_LINES_OF_SEVERAL, given(keys)))
        return _with_lines(*found)


def given(keys: Sequence[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    """The values of a statement that joins `GIVEN`: the orders of these keys (tenant and id)."""
    return {"tenant_ids": [key[0] for key in keys], "order_ids": [key[1] for key in keys]}


def _with_lines(rows: Sequence[Row], found: Sequence[Row]) -> list[Order]:
    lines: dict[UUID, list[OrderLine]] = defaultdict(list)
    for line in hydrated(OrderLine, found):
        lines[line.order_id].append(line)
    orders = hydrated(Order, rows)
    for order in orders:
        set_committed_value(order, "lines", lines[order.id])
    return orders
