"""The rules of shipments. Whoever changes a shipment locks its order first."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound, ValidationFailed
from libs.common.ids import new_id
from libs.contracts.orders import ShipmentCreated, ShipmentUpdated, ShippedLine
from services.orders.orders.models import Order, OrderLine
from services.orders.orders.service import OrderService
from services.orders.orders.states import OrderStatus
from services.orders.shipments.errors import MoreThanOrdered
from services.orders.shipments.models import Shipment, ShipmentLine
from services.orders.shipments.repository import ShipmentRepository
from services.orders.shipments.schemas import ShipmentCreate, ShipmentItemIn
from services.orders.shipments.states import ShipmentStatus, following, is_repeat
from services.orders.shipping.providers.registry import PROVIDERS
from services.orders.visibility import Caller

_SENDABLE = frozenset({OrderStatus.PAID, OrderStatus.FULFILLING})
_PROVIDER = "table"


class ShipmentService:
    """Shipments of the orders that the caller may see."""

    def __init__(self, uow: UnitOfWork, caller: Caller | None = None) -> None:
        self.uow = uow
        self.orders = OrderService(uow, caller)
        self.rows = ShipmentRepository(uow)

    async def list(self, order_id: UUID) -> list[Shipment]:
        """The shipments of an order, oldest first."""
        order = await self.orders.get(order_id)
        return await self.rows.of([(order.tenant_id, order.id)])

    async def create(self, order_id: UUID, body: ShipmentCreate) -> Shipment:
        """Send goods of a paid order: those named, or all that were not sent yet.

        Raises:
            InvalidTransition: the order is not paid, or has nothing left to send.
            MoreThanOrdered: a line has fewer left.
        """
        order = await self.orders.get(order_id, lock=True)
        if order.state not in _SENDABLE:
            raise InvalidTransition(
                f"Goods of an order that is {order.status} are not sent.", current_status=order.status
            )
        sent = _chosen(order, body.items)
        if not sent:
            raise InvalidTransition("There is nothing left to send.", current_status=order.status)
        shipment = await self._book(order, sent)
        if order.state is OrderStatus.PAID:
            await self.orders.move(order, OrderStatus.FULFILLING)
        self.uow.emit(
            ShipmentCreated(
                **_about(order, shipment),
                carrier=shipment.carrier,
                lines=[
                    ShippedLine(line_id=line.id, variant_id=line.variant_id, quantity=quantity)
                    for line, quantity in sent
                ],
            )
        )
        self._note(order, shipment)
        if not any(line.unshipped for line in order.lines):
            await self.orders.move(order, OrderStatus.SHIPPED)
        self.uow.audit("created", "shipment", shipment.id, after={"order_id": str(order.id)})
        self.uow.tag(shipment.version)
        return shipment

    async def report(self, order_id: UUID, shipment_id: UUID, status: ShipmentStatus) -> Shipment:
        """Take over what the carrier says of a shipment.

        Raises:
            NotFound: the order has no such shipment.
            InvalidTransition: it is further already.
        """
        order = await self.orders.get(order_id, lock=True)
        shipments = await self.rows.of([(order.tenant_id, order.id)])
        shipment = next((row for row in shipments if row.id == shipment_id), None)
        if shipment is None:
            raise NotFound("There is no such shipment.", resource="shipment")
        if not is_repeat(shipment.status, status):
            before = {"status": str(shipment.status)}
            await self.advance(order, shipments, shipment, status)
            self.uow.audit("reported", "shipment", shipment.id, before=before, after={"status": status.value})
        self.uow.tag(shipment.version)
        return shipment

    async def advance(
        self, order: Order, shipments: Sequence[Shipment], shipment: Shipment, status: ShipmentStatus
    ) -> None:
        """Move a shipment of a locked order; the order is delivered with the last one of all its goods."""
        shipment.status = status
        if status is ShipmentStatus.DELIVERED:
            shipment.delivered_at = self.uow.now
        self._schedule(shipment)
        await self.rows.save(shipment)
        self._note(order, shipment)
        self.uow.emit(
            ShipmentUpdated(**_about(order, shipment), status=status.value), tenant_id=order.tenant_id
        )
        if order.state is OrderStatus.SHIPPED and all(
            s.status == ShipmentStatus.DELIVERED for s in shipments
        ):
            await self.orders.deliver(order)

    async def step(self, order: Order, shipments: Sequence[Shipment]) -> None:
        """Make the simulated steps that are due among the shipments of a locked order."""
        for shipment in shipments:
            if shipment.next_step_at is not None and shipment.next_step_at <= self.uow.now:
                await self.advance(order, shipments, shipment, following(shipment.status))

    async def _book(self, order: Order, sent: Sequence[tuple[OrderLine, int]]) -> Shipment:
        provider, shipment_id = PROVIDERS[_PROVIDER], new_id()
        booking = await provider.book(shipment_id)
        shipment = Shipment(
            tenant_id=order.tenant_id,
            id=shipment_id,
            order_id=order.id,
            status=ShipmentStatus.CREATED,
            provider=provider.name,
            carrier=booking.carrier,
            tracking_reference=booking.tracking_reference,
            lines=[
                ShipmentLine(
                    tenant_id=order.tenant_id,
                    shipment_id=shipment_id,
                    line_id=line.id,
                    variant_id=line.variant_id,
                    quantity=n,
                )
                for line, n in sent
            ],
        )
        self._schedule(shipment)
        for line, quantity in sent:
            self.orders.rows.ship(line, quantity)
        await self.rows.add(shipment)
        return shipment

    def _schedule(self, shipment: Shipment) -> None:
        pace = self.uow.context.settings.tracking_step(self.uow.context.common)
        simulated = pace is not None and PROVIDERS[shipment.provider].self_tracked
        moving = shipment.status != ShipmentStatus.DELIVERED
        shipment.next_step_at = self.uow.now + timedelta(seconds=pace or 0) if simulated and moving else None

    def _note(self, order: Order, shipment: Shipment) -> None:
        self.orders.timelines.add(
            order,
            f"shipment_{shipment.status}",
            reference=shipment.id,
            tracking_reference=shipment.tracking_reference,
        )


def _chosen(order: Order, items: list[ShipmentItemIn] | None) -> list[tuple[OrderLine, int]]:
    if items is None:
        return [(line, line.unshipped) for line in order.lines if line.unshipped]
    by_line = {line.id: line for line in order.lines}
    by_variant = {line.variant_id: line for line in order.lines}
    wanted: dict[UUID, int] = {}
    for item in items:
        line = by_line.get(item.line_id) if item.line_id else by_variant.get(item.variant_id or order.id)
        if line is None or not line.needs_shipping:
            raise ValidationFailed("An item is not one of the goods of this order.")
        wanted[line.id] = wanted.get(line.id, 0) + item.quantity
    for line_id, quantity in wanted.items():
        if quantity > by_line[line_id].unshipped:
            raise MoreThanOrdered(
                "Fewer are left to send.", line_id=str(line_id), unshipped=by_line[line_id].unshipped
            )
    return [(by_line[line_id], quantity) for line_id, quantity in wanted.items()]


def _about(order: Order, shipment: Shipment) -> dict[str, object]:
    return {
        "order_id": order.id,
        "number": order.number,
        "shipment_id": shipment.id,
        "tracking_reference": shipment.tracking_reference,
        "email": order.email,
        "customer_user_id": order.customer_user_id,
    }
