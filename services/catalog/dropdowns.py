"""The choice lists that forms of this service offer."""

from enum import StrEnum
from typing import Any

from fastapi import APIRouter

from libs.common.http.deps import Uow, internal
from services.catalog.categories.repository import CategoryRepository
from services.catalog.products.schemas import ProductStatus, ProductType
from services.catalog.reservations.schemas import ReservationStatus
from services.catalog.stock.schemas import MovementType
from services.catalog.stores.repository import StoreRepository

router = APIRouter(prefix="/internal/dropdown-options", include_in_schema=False, dependencies=[internal()])
# Longer lists are searched, not chosen from.
LONGEST = 500


def _of(kind: type[StrEnum]) -> list[dict[str, str]]:
    return [{"value": item.value, "label": item.value.replace("_", " ").capitalize()} for item in kind]


@router.get("")
async def list_dropdown_options(uow: Uow) -> dict[str, list[dict[str, str]]]:
    """The choices by category; those from rows only where the caller acts in a business."""
    found = {
        "product_type": _of(ProductType),
        "product_status": _of(ProductStatus),
        "movement_type": _of(MovementType),
        "reservation_status": _of(ReservationStatus),
    }
    if uow.actor.tenant_id is not None:
        rows: dict[str, Any] = {
            "category": await CategoryRepository(uow).all(LONGEST),
            "store": await StoreRepository(uow).find_all(limit=LONGEST),
        }
        for name, items in rows.items():
            found[name] = [{"value": str(item.id), "label": item.name} for item in items]
    return found
