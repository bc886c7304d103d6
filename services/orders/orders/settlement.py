"""Payments meet orders: in time, late, twice, or with the wrong amount; every outcome is on the timeline."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.failures import RetryLater
from libs.common.runtime.upstreams import UpstreamProblem
from libs.contracts.payments import PaymentSucceeded, RefundSucceeded
from services.orders.catalog import Catalog
from services.orders.orders import facts
from services.orders.orders.models import Order
from services.orders.orders.repository import OrderRepository
from services.orders.orders.service import OrderService
from services.orders.orders.states import PAID_FOR, OrderStatus
from services.orders.timeline.repository import Timeline


class Settlement:
    """Applies what payments tells to the orders of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = OrderRepository(uow)
        self.orders = OrderService(uow)
        self.timeline = Timeline(uow)

    async def find(self, order_id: UUID, *, lock: bool = False) -> Order:
        """The order an event is about.

        Raises:
            RetryLater: it is not here (yet).
        """
        order = await self.rows.get(order_id, lock=lock)
        if order is None:
            raise RetryLater(f"there is no order {order_id}")
        return order

    async def note(self, order_id: UUID, kind: str, reference: UUID, **entry: Any) -> None:
        """Put on the timeline of an order, once, what happened to it.

        Raises:
            RetryLater: it is not here (yet).
        """
        if not await self.rows.exists(order_id):
            raise RetryLater(f"there is no order {order_id}")
        self.timeline.add_once(order_id, kind, reference, **entry)

    async def paid(self, event: PaymentSucceeded, actor: str | None) -> None:
        """Take a payment: the order is paid, or the payment is refused and will be given back.

        The stock of an order that expired is reserved anew before any row is locked. One that was cancelled stays so.

        Raises:
            RetryLater: the order expired between reading and locking it.
        """
        order = await self.rows.lock_unless_lapsed(event.order_id)
        renewed = state = None
        if order is None:
            order = await self.find(event.order_id)
            state = order.state
            if order.payment_id is None and not _too_little(order, event) and self._is_late(order):
                renewed = await self._renew(order)
            order = await self.find(event.order_id, lock=True)
        if order.payment_id == event.payment_id:
            return
        if _too_little(order, event):
            await self._refuse(order, event, "amount-mismatch", actor)
        elif order.payment_id is not None or order.state in PAID_FOR:
            await self._refuse(order, event, "already-paid", actor)
        elif order.state is OrderStatus.DRAFT:
            await self._refuse(order, event, "not-placed", actor)
        elif order.state is OrderStatus.CANCELLED:
            await self._refuse(order, event, "order-cancelled", actor)
        elif renewed and order.state is not state:
            # The news that it expired is younger than the renewal and frees what was renewed: renew after it.
            raise RetryLater(f"order {order.id} expired while its stock was reserved anew")
        elif not self._is_late(order) or renewed:
            await self._pay(order, event, actor, late=bool(renewed))
        elif renewed is None:
            raise RetryLater(f"order {order.id} expired meanwhile")
        else:
            await self._refuse(order, event, "order-expired", actor)

    async def refunded(self, event: RefundSucceeded, actor: str | None) -> None:
        """Note a refund; one of the order's own payment counts towards what was given back of the order."""
        order = await self.find(event.order_id, lock=True)
        self.timeline.add_once(
            order.id,
            "refunded",
            event.refund_id,
            at=event.succeeded_at,
            actor=actor,
            payment_id=str(event.payment_id),
            amount=event.amount.model_dump(),
            reason=event.reason,
        )
        # The running total of the event makes late and repeated events harmless.
        if event.payment_id == order.payment_id and event.refunded_total.amount > order.refunded_amount:
            order.refunded_amount = event.refunded_total.amount
            await self.rows.save(order)

    def _is_late(self, order: Order) -> bool:
        lapsing = order.state is OrderStatus.PLACED and (order.reserved_until or self.uow.now) < self.uow.now
        return lapsing or order.state is OrderStatus.EXPIRED

    async def _renew(self, order: Order) -> bool:
        self._until = self.uow.now + timedelta(minutes=self.uow.context.settings.reservation_minutes)
        wanted = [(line.variant_id, line.quantity) for line in order.lines]
        try:
            await Catalog(self.uow.context, self.uow.tenant_id).reserve(order.id, wanted, self._until)
        except UpstreamProblem as problem:
            if problem.upstream_slug != "insufficient-stock":
                raise
            return False
        return True

    async def _pay(self, order: Order, event: PaymentSucceeded, actor: str | None, *, late: bool) -> None:
        order.payment_id = event.payment_id
        if late:
            order.reserved_until = self._until
        await self.orders.move(
            order,
            OrderStatus.PAID,
            actor=actor,
            reference=event.payment_id,
            amount=event.amount.model_dump(),
            provider=event.provider,
            late=late or None,
        )
        self.uow.emit(facts.order_paid(order))

    async def _refuse(self, order: Order, event: PaymentSucceeded, reason: str, actor: str | None) -> None:
        added = await self.timeline.is_added(
            order.id,
            "payment_refused",
            event.payment_id,
            at=self.uow.now,
            actor=actor,
            amount=event.amount.model_dump(),
            provider=event.provider,
            reason=reason,
        )
        if added:
            self.uow.emit(facts.late_payment_refused(order, event.payment_id, reason))


def _too_little(order: Order, event: PaymentSucceeded) -> bool:
    return event.amount.currency != order.currency or event.amount.amount < order.total_amount
