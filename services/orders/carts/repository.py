"""All SQL of carts. Single carts are read and written by `Direct` statements; lists go through the session."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    delete,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm.attributes import set_committed_value

from libs.common.db.direct import Direct, Row, Run, all_of, hydrated, insert_of, read, values_of
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.carts.models import Cart, CartItem, CartStatus
from services.orders.visibility import Caller

_TENANT = bindparam("tenant_id", type_=Uuid())
_CART = bindparam("cart_id", type_=Uuid())
_USER = bindparam("user_id", type_=Uuid())
_TOKEN = bindparam("token_hash", type_=Text())

_OPENED = select(Cart.__table__).where(
    Cart.tenant_id == _TENANT,
    Cart.id == _CART,
    or_(
        bindparam("sees_all", type_=Boolean()),
        Cart.customer_user_id == _USER,
        Cart.token_hash == _TOKEN,
    ),
)
_GET = Direct(_OPENED)
_LOCK = Direct(_OPENED.with_for_update())
_LOCK_FOR_CLAIM = Direct(
    select(Cart.__table__)
    .where(
        Cart.tenant_id == _TENANT,
        or_(
            and_(Cart.id == _CART, or_(Cart.token_hash == _TOKEN, Cart.customer_user_id == _USER)),
            and_(Cart.customer_user_id == _USER, Cart.status == CartStatus.OPEN),
        ),
    )
    .order_by(Cart.id)
    .with_for_update()
)
_ITEMS = Direct(
    select(CartItem.__table__)
    .where(
        CartItem.tenant_id == _TENANT,
        CartItem.cart_id == any_(bindparam("cart_ids", type_=ARRAY(Uuid()))),
    )
    .order_by(CartItem.id)
)
_INSERT = Direct(insert_of(Cart))
_KEPT = ("tenant_id", "id", "currency", "order_id", "created_at")
_CHANGING = tuple(column.name for column in Cart.__table__.columns if column.name not in _KEPT)
_UPDATE = Direct(
    update(Cart)
    .where(Cart.tenant_id == _TENANT, Cart.id == _CART)
    .values({name: bindparam(name, type_=Cart.__table__.c[name].type) for name in _CHANGING})
)
_new_item = insert_of(CartItem)
_PUT_ITEM = Direct(
    _new_item.on_conflict_do_update(
        index_elements=["tenant_id", "id"],
        set_={
            column.name: _new_item.excluded[column.name]
            for column in CartItem.__table__.columns
            if column.name not in ("tenant_id", "id", "cart_id", "created_at")
        },
    )
)
_DROP_ITEMS = Direct(
    delete(CartItem).where(
        CartItem.tenant_id == _TENANT,
        CartItem.id == any_(bindparam("item_ids", type_=ARRAY(Uuid()))),
    )
)
_DELETE = Direct(delete(Cart).where(Cart.tenant_id == _TENANT, Cart.id == _CART))


class CartRepository(Repository[Cart]):
    """Carts of one tenant, within what the caller may see."""

    model = Cart

    def __init__(self, uow: UnitOfWork, caller: Caller) -> None:
        super().__init__(uow)
        self.caller = caller
        self._stored: dict[UUID, dict[str, Any]] = {}

    @property
    def is_narrowed(self) -> bool:
        """Whether the caller sees his own rows only."""
        return self.caller.sees_own_only

    def visible(self) -> list[ColumnElement[bool]]:
        """The ownership scope of the caller; a cart that became part of another is listed no more."""
        condition = self.caller.condition(Cart.customer_user_id, Cart.token_hash)
        unmerged = Cart.merged_into_id.is_(None)
        return [unmerged] if condition is None else [unmerged, condition]

    async def get(self, row_id: UUID, *, lock: bool = False) -> Cart | None:
        """The cart with this id, if the caller may see it."""
        found = await (all_of if lock else read)(self.uow, *self.finding(row_id, lock=lock))
        return self.found(*found)

    def finding(self, row_id: UUID, *, lock: bool = False) -> tuple[Run, Run]:
        """What asks for a cart and its items; `found` reads the answers."""
        values = {
            "tenant_id": self.uow.tenant_id,
            "cart_id": row_id,
            "sees_all": not self.caller.sees_own_only,
            "user_id": self.caller.actor.user_id,
            "token_hash": self.caller.token_hash,
        }
        items = (_ITEMS, {"tenant_id": self.uow.tenant_id, "cart_ids": [row_id]})
        return (_LOCK if lock else _GET, values), items

    def found(self, rows: Sequence[Row], items: Sequence[Row]) -> Cart | None:
        """The cart that `finding` asked for, if the caller may see it."""
        return next(iter(self._with_items(rows, items)), None)

    async def lock_for_claim(self, cart_id: UUID, token_hash: str, user_id: UUID) -> list[Cart]:
        """The cart to claim and the open carts of the user, locked in the order of their ids."""
        rows = await _LOCK_FOR_CLAIM.all(
            self.uow,
            tenant_id=self.uow.tenant_id,
            cart_id=cart_id,
            token_hash=token_hash,
            user_id=user_id,
        )
        ids = [row[1] for row in rows]
        found = await _ITEMS.all(self.uow, tenant_id=self.uow.tenant_id, cart_ids=ids)
        return self._with_items(rows, found)

    def _with_items(self, rows: Sequence[Row], found: Sequence[Row]) -> list[Cart]:
        carts = hydrated(Cart, rows)
        items = hydrated(CartItem, found)
        self._stored |= {item.id: values_of(item) for item in items}
        for cart in carts:
            set_committed_value(cart, "items", [item for item in items if item.cart_id == cart.id])
        return carts

    async def add(self, row: Cart) -> Cart:
        """Insert a cart without items, with the next flush."""
        self.uow.insert(_INSERT, row)
        return row

    async def save(self, row: Cart) -> Cart:
        """Write a cart that was locked here with the next flush, and those of its items that changed.

        Its version grows.
        """
        self.uow.raise_version(row)
        key = {"tenant_id": row.tenant_id, "cart_id": row.id}
        self.uow.write(_UPDATE, {**key, **values_of(row, _CHANGING)})
        changed = [item for item in row.items if values_of(item) != self._stored.get(item.id)]
        for item in changed:
            item.created_at = item.created_at or self.uow.now
            item.updated_at, item.version = self.uow.now, (item.version or 0) + 1
        self.uow.write(_PUT_ITEM, *(values_of(item) for item in changed))
        self._drop_items(row, kept={item.id for item in row.items})
        self._stored |= {item.id: values_of(item) for item in changed}
        return row

    def _drop_items(self, row: Cart, kept: Iterable[UUID]) -> None:
        mine = {item_id for item_id, stored in self._stored.items() if stored["cart_id"] == row.id}
        gone = mine.difference(kept)
        if gone:
            self.uow.write(_DROP_ITEMS, {"tenant_id": row.tenant_id, "item_ids": list(gone)})
            for item_id in gone:
                del self._stored[item_id]

    async def delete(self, row: Cart) -> None:
        """Remove a cart with its items."""
        await _DELETE.run(self.uow, tenant_id=row.tenant_id, cart_id=row.id)

    async def abandon_idle(self, before: datetime, limit: int) -> int:
        """Mark open carts not touched since then, a batch of them over all tenants; their number."""
        idle = (
            select(Cart.tenant_id, Cart.id)
            .where(Cart.status == CartStatus.OPEN, Cart.updated_at < before)
            .order_by(Cart.updated_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        keys = [tuple(row) for row in await self.session.execute(idle)]
        if keys:
            await self.session.execute(
                update(Cart)
                .where(tuple_(Cart.tenant_id, Cart.id).in_(keys))
                .values(status=CartStatus.ABANDONED, updated_at=self.uow.now, version=Cart.version + 1)
                .execution_options(synchronize_session=False)
            )
        return len(keys)
