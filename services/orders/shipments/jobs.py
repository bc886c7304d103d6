"""Timed work on shipments."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.orders.orders.repository import OrderRepository
from services.orders.shipments.models import Shipment
from services.orders.shipments.repository import ShipmentRepository
from services.orders.shipments.service import ShipmentService

_BATCH = 200


def stepping(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `advance_tracking` finds."""
    return select(Shipment.id).where(Shipment.next_step_at <= now)


async def advance_tracking(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Move the shipments of the tracking simulator whose next step is due."""
    rows = ShipmentRepository(uow)
    due = await rows.due(uow.now, _BATCH)
    if not due:
        return
    orders = await OrderRepository(uow).lock_free(sorted(set(due)))
    by_order: dict[UUID, list[Shipment]] = defaultdict(list)
    for shipment in await rows.of([(order.tenant_id, order.id) for order in orders]):
        by_order[shipment.order_id].append(shipment)
    shipments = ShipmentService(uow)
    for order in orders:
        await shipments.step(order, by_order[order.id])
