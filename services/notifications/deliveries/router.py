"""The HTTP side of deliveries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.notifications.deliveries.schemas import DeliveryOut, DeliveryQuery
from services.notifications.deps import Deliveries

router = APIRouter(prefix="/deliveries", tags=["deliveries"])
READ = allow("notifications.deliveries.read")


@router.get("", response_model=Page[DeliveryOut], dependencies=[READ])
async def list_deliveries(query: Annotated[DeliveryQuery, Query()], deliveries: Deliveries) -> Any:
    """List mails and pushes with what came of them, newest first."""
    return await deliveries.list(query)


@router.get("/{delivery_id}", response_model=DeliveryOut, dependencies=[READ], responses=problems(NotFound))
async def get_delivery(delivery_id: UUID, deliveries: Deliveries) -> Any:
    """Read one delivery."""
    return await deliveries.get(delivery_id)
