"""The HTTP side of placing orders."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.errors import FeatureNotInPlan, InvalidTransition, NotFound
from libs.common.http.deps import allow
from libs.common.http.idempotency import Idempotent
from libs.common.http.problems import problems
from libs.contracts.features import ORDERS
from services.orders.carts.errors import CartNotOpen, QuantityTooLarge
from services.orders.checkout.errors import CartEmpty, PriceChanged
from services.orders.checkout.schemas import CheckoutIn, OrderCreate
from services.orders.deps import After, Checkout
from services.orders.errors import (
    AddressRequired,
    CurrencyMismatch,
    InsufficientStock,
    ShippingRequired,
    UnknownShippingMethod,
    UnknownVariant,
)
from services.orders.orders.schemas import OrderOut
from services.orders.totals import TotalsTooLarge

router = APIRouter()
WRITE = allow("orders.orders.write", active=True, feature=ORDERS)
MISSING = (
    AddressRequired,
    ShippingRequired,
    UnknownShippingMethod,
    UnknownVariant,
    CurrencyMismatch,
    QuantityTooLarge,
    TotalsTooLarge,
)


@router.post(
    "/carts/{cart_id}/checkout",
    response_model=OrderOut,
    status_code=201,
    tags=["carts"],
    dependencies=[allow("orders.carts.write", active=True)],
    responses=problems(NotFound, CartNotOpen, CartEmpty, PriceChanged, InsufficientStock, *MISSING),
)
async def check_out_cart(
    cart_id: UUID, body: CheckoutIn, aftermath: After, idempotency: Idempotent, checkout: Checkout
) -> Any:
    """Order what is in the cart; the stock is reserved until `reserved_until`."""
    return await idempotency.run(
        lambda *opened: checkout.check_out(opened, body, aftermath),
        OrderOut,
        along=checkout.opening(cart_id),
    )


@router.post(
    "/orders",
    response_model=OrderOut,
    status_code=201,
    tags=["orders"],
    dependencies=[WRITE],
    responses=problems(InsufficientStock, FeatureNotInPlan, *MISSING),
)
async def create_order(
    body: OrderCreate, aftermath: After, idempotency: Idempotent, checkout: Checkout
) -> Any:
    """Place an order for somebody, or keep it as a draft."""
    return await idempotency.run(lambda: checkout.create(body, aftermath), OrderOut)


@router.post(
    "/orders/{order_id}/confirm",
    response_model=OrderOut,
    tags=["orders"],
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, InsufficientStock, FeatureNotInPlan),
)
async def confirm_order(order_id: UUID, aftermath: After, checkout: Checkout) -> Any:
    """Place a draft: its stock is reserved and it gets its number."""
    return await checkout.confirm(order_id, aftermath)
