"""Choice lists of the orders service, for frontends."""

from enum import StrEnum

from fastapi import APIRouter

from libs.common.http.deps import internal
from services.orders.carts.models import CartStatus
from services.orders.orders.states import OrderStatus
from services.orders.shipments.states import ShipmentStatus
from services.orders.shipping.providers.registry import PROVIDERS

router = APIRouter(include_in_schema=False)


@router.get("/internal/dropdown-options", dependencies=[internal()])
async def dropdown_options() -> dict[str, list[dict[str, str]]]:
    """By category, the values with their labels."""
    return {
        "cart_status": _choices(CartStatus),
        "order_status": _choices(OrderStatus),
        "shipment_status": _choices(ShipmentStatus),
        "shipping_provider": [{"value": name, "label": _label(name)} for name in sorted(PROVIDERS)],
    }


def _choices(kind: type[StrEnum]) -> list[dict[str, str]]:
    return [{"value": item.value, "label": _label(item.value)} for item in kind]


def _label(value: str) -> str:
    return value.replace("_", " ").capitalize()
