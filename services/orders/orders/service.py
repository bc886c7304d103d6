"""The rules of orders: every change of state goes through `move`, which keeps timeline and events with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.filters import ListQuery
from services.orders.orders import facts
from services.orders.orders.models import Order
from services.orders.orders.repository import OrderRepository
from services.orders.orders.states import OrderStatus, check
from services.orders.timeline.models import TimelineEntry
from services.orders.timeline.repository import Timeline
from services.orders.visibility import Caller

_STAMPS = {
    OrderStatus.PLACED: "placed_at",
    OrderStatus.PAID: "paid_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.DELIVERED: "delivered_at",
    OrderStatus.COMPLETED: "completed_at",
    OrderStatus.CANCELLED: "cancelled_at",
    OrderStatus.EXPIRED: "expired_at",
}


class OrderService:
    """Orders of a business, as far as the caller may see them."""

    def __init__(self, uow: UnitOfWork, caller: Caller | None = None) -> None:
        self.uow = uow
        self.caller = caller or Caller(uow.actor)
        self.rows = OrderRepository(uow, self.caller)
        self.timelines = Timeline(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of the orders the caller may see."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, order_id: UUID, *, lock: bool = False) -> Order:
        """An order with its lines.

        Raises:
            NotFound: there is none that the caller may see.
        """
        order = await self.rows.get(order_id, lock=lock)
        if order is None:
            raise NotFound("There is no such order.", resource="order")
        self.uow.tag(order.version)
        return order

    async def timeline(self, order_id: UUID) -> Sequence[TimelineEntry]:
        """What happened to an order, oldest first."""
        order = await self.get(order_id)
        return await self.timelines.of(order.tenant_id, order.id)

    async def cancel(self, order_id: UUID, reason: str | None) -> Order:
        """Cancel an order of which nothing was sent yet; what was paid for it is given back by payments.

        Raises:
            InvalidTransition: it is on its way, done, or lapsed already.
        """
        order = await self.get(order_id, lock=True)
        was_draft, before = order.state is OrderStatus.DRAFT, {"status": order.status}
        order.cancel_reason = reason
        await self.move(order, OrderStatus.CANCELLED, reason=reason)
        if not was_draft:
            self.uow.emit(facts.order_cancelled(order))
        after = {"status": order.status, "reason": reason}
        self.uow.audit("cancelled", "order", order.id, before=before, after=after)
        self.uow.tag(order.version)
        return order

    async def complete(self, order_id: UUID) -> Order:
        """Close a delivered order, or a paid one that has nothing to send.

        Raises:
            InvalidTransition: goods are still to be sent or to arrive.
        """
        order = await self.get(order_id, lock=True)
        if order.state is OrderStatus.PAID and any(line.needs_shipping for line in order.lines):
            raise InvalidTransition(
                "Its goods are not sent yet.", current_status=order.status, wanted_status="completed"
            )
        before = {"status": order.status}
        await self.finish(order)
        self.uow.audit("completed", "order", order.id, before=before, after={"status": order.status})
        self.uow.tag(order.version)
        return order

    async def settle_free(self, order: Order) -> None:
        """Let an order just placed, of which nothing is to be paid, be paid for."""
        await self.move(order, OrderStatus.PAID)
        self.uow.emit(facts.order_paid(order))
        self.uow.audit("paid", "order", order.id, before={"status": "placed"}, after={"status": order.status})
        self.uow.tag(order.version)

    async def finish(self, order: Order) -> None:
        """Complete a locked order."""
        await self.move(order, OrderStatus.COMPLETED)
        self.uow.emit(facts.order_completed(order, self.uow.now), tenant_id=order.tenant_id)

    async def deliver(self, order: Order) -> None:
        """Record that all goods of a locked order have arrived."""
        await self.move(order, OrderStatus.DELIVERED)
        self.uow.emit(facts.order_delivered(order, self.uow.now), tenant_id=order.tenant_id)

    async def expire(self, order: Order) -> None:
        """Let a locked order lapse."""
        await self.move(order, OrderStatus.EXPIRED)
        self.uow.emit(facts.order_expired(order), tenant_id=order.tenant_id)

    async def move(
        self,
        order: Order,
        status: OrderStatus,
        *,
        at: datetime | None = None,
        actor: str | None = None,
        reference: UUID | None = None,
        **data: Any,
    ) -> None:
        """Bring a locked order into a state, save it, and say so on its timeline.

        Raises:
            InvalidTransition: its present state does not allow it.
        """
        check(order.status, status)
        order.status = status
        if status in _STAMPS:
            setattr(order, _STAMPS[status], at or self.uow.now)
        self.enter(order, at=at, actor=actor, reference=reference, **data)
        await self.rows.save(order)

    def enter(self, order: Order, *, reference: UUID | None = None, **entry: Any) -> None:
        """Note on the timeline that the order has come into its state."""
        order.steps = (order.steps or 0) + 1
        self.timelines.add(
            order, order.status, status=order.status, step=order.steps, reference=reference, **entry
        )
