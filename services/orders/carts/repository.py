"""All SQL of carts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.carts.models import Cart, CartStatus
from services.orders.visibility import Caller


class CartRepository(Repository[Cart]):
    """Carts of one tenant, within what the caller may see."""

    model = Cart

    def __init__(self, uow: UnitOfWork, caller: Caller) -> None:
        super().__init__(uow)
        self.caller = caller

    def visible(self) -> list[ColumnElement[bool]]:
        """The ownership scope of the caller; a cart that became part of another is listed no more."""
        condition = self.caller.condition(Cart.customer_user_id, Cart.token_hash)
        unmerged = Cart.merged_into_id.is_(None)
        return [unmerged] if condition is None else [unmerged, condition]

    async def get(self, row_id: UUID, *, lock: bool = False) -> Cart | None:
        """The cart with this id, if the caller may see it."""
        condition = self.caller.condition(Cart.customer_user_id, Cart.token_hash)
        return await self.find(Cart.id == row_id, *([] if condition is None else [condition]), lock=lock)

    async def lock_for_claim(self, cart_id: UUID, token_hash: str, user_id: UUID) -> list[Cart]:
        """The cart to claim and the open carts of the user, locked in the order of their ids."""
        statement = (
            select(Cart)
            .where(
                Cart.tenant_id == self.uow.tenant_id,
                or_(
                    and_(
                        Cart.id == cart_id,
                        or_(Cart.token_hash == token_hash, Cart.customer_user_id == user_id),
                    ),
                    and_(Cart.customer_user_id == user_id, Cart.status == CartStatus.OPEN),
                ),
            )
            .order_by(Cart.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return list((await self.session.execute(statement)).scalars())

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
