"""The HTTP side of orders."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import FeatureNotInPlan, InvalidTransition, NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import ORDERS
from services.orders.deps import OrAnyoneWithToken, Orders
from services.orders.orders.schemas import OrderCancel, OrderOut, OrderQuery
from services.orders.timeline.schemas import TimelineOut

router = APIRouter(prefix="/orders", tags=["orders"])
# Working orders is in the plan; buying, and reading the orders that there are, is not.
READ = Depends(OrAnyoneWithToken("orders.orders.read"))


@router.get("", response_model=Page[OrderOut], dependencies=[READ])
async def list_orders(query: Annotated[OrderQuery, Query()], orders: Orders) -> Any:
    """List orders, newest first: staff see all, a client his own, a guest those of his `X-Cart-Token`."""
    return await orders.list(query)


@router.get("/{order_id}", response_model=OrderOut, dependencies=[READ], responses=problems(NotFound))
async def get_order(order_id: UUID, orders: Orders) -> Any:
    """Read one order."""
    return await orders.get(order_id)


@router.get(
    "/{order_id}/timeline", response_model=TimelineOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_order_timeline(order_id: UUID, orders: Orders) -> Any:
    """Every step of an order with its time and actor, oldest first."""
    return {"items": await orders.timeline(order_id)}


@router.post(
    "/{order_id}/cancel",
    response_model=OrderOut,
    dependencies=[allow("orders.orders.cancel", active=True, feature=ORDERS)],
    responses=problems(NotFound, InvalidTransition, FeatureNotInPlan),
)
async def cancel_order(order_id: UUID, orders: Orders, body: OrderCancel | None = None) -> Any:
    """Cancel an order of which nothing was sent; a payment for it is given back."""
    return await orders.cancel(order_id, body.reason if body else None)


@router.post(
    "/{order_id}/complete",
    response_model=OrderOut,
    dependencies=[allow("orders.orders.write", active=True, feature=ORDERS)],
    responses=problems(NotFound, InvalidTransition, FeatureNotInPlan),
)
async def complete_order(order_id: UUID, orders: Orders) -> Any:
    """Close a delivered order, or a paid one that has nothing to send."""
    return await orders.complete(order_id)
