"""The HTTP side of shipments."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from libs.common.errors import FeatureNotInPlan, IdempotencyKeyReused, InvalidTransition, NotFound
from libs.common.http.deps import allow
from libs.common.http.idempotency import OptionallyIdempotent
from libs.common.http.problems import problems
from libs.contracts.features import ORDERS
from services.orders.deps import OrAnyoneWithToken, Shipments
from services.orders.shipments.errors import MoreThanOrdered
from services.orders.shipments.schemas import ShipmentCreate, ShipmentList, ShipmentOut, ShipmentReport

router = APIRouter(prefix="/orders/{order_id}/shipments", tags=["shipments"])
WRITE = allow("orders.shipments.write", active=True, feature=ORDERS)


@router.get(
    "",
    response_model=ShipmentList,
    dependencies=[Depends(OrAnyoneWithToken("orders.orders.read"))],
    responses=problems(NotFound),
)
async def list_shipments(order_id: UUID, shipments: Shipments) -> Any:
    """The shipments of an order, oldest first."""
    return {"items": await shipments.list(order_id)}


@router.post(
    "",
    response_model=ShipmentOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, MoreThanOrdered, FeatureNotInPlan, IdempotencyKeyReused),
)
async def create_shipment(
    order_id: UUID,
    idempotency: OptionallyIdempotent,
    shipments: Shipments,
    body: ShipmentCreate | None = None,
) -> Response:
    """Send goods of a paid order: those named, or all that were not sent yet."""
    return await idempotency.run(lambda: shipments.create(order_id, body or ShipmentCreate()), ShipmentOut)


@router.post(
    "/{shipment_id}/status",
    response_model=ShipmentOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, FeatureNotInPlan),
)
async def report_shipment_status(
    order_id: UUID, shipment_id: UUID, body: ShipmentReport, shipments: Shipments
) -> Any:
    """Say where a shipment is; it moves forward only."""
    return await shipments.report(order_id, shipment_id, body.status)
