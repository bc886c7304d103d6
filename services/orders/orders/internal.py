"""Orders for other services."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.errors import NotFound
from libs.common.http.deps import PlatformUow, internal
from services.orders.orders.repository import OrderRepository
from services.orders.orders.schemas import InternalOrder

router = APIRouter(prefix="/internal/orders", include_in_schema=False, dependencies=[internal()])


async def rows_of_caller(uow: PlatformUow) -> OrderRepository:
    """The orders of the tenant that the calling service acts in, or of all tenants where it names none."""
    if uow.actor.tenant_id is not None:
        await uow.enter_tenant(uow.actor.tenant_id)
    return OrderRepository(uow)


@router.get("/{order_id}", response_model=InternalOrder)
async def get_order_for_service(
    order_id: UUID, orders: Annotated[OrderRepository, Depends(rows_of_caller, scope="function")]
) -> Any:
    """One order by its id."""
    order = await orders.get(order_id)
    if order is None:
        raise NotFound("There is no such order.", resource="order")
    return order
