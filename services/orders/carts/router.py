"""The HTTP side of carts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.orders.carts.errors import CartNotOpen, QuantityTooLarge, TooManyLines
from services.orders.carts.schemas import (
    CartAddress,
    CartCreate,
    CartCreated,
    CartItemAdd,
    CartItemUpdate,
    CartOut,
    CartQuery,
    CartUpdate,
    ChooseShipping,
)
from services.orders.deps import Carts
from services.orders.errors import CurrencyMismatch, UnknownShippingMethod, UnknownVariant
from services.orders.totals import TotalsTooLarge

router = APIRouter(prefix="/carts", tags=["carts"])
READ, WRITE = allow("orders.carts.read"), allow("orders.carts.write", active=True)


@router.get("", response_model=Page[CartOut], dependencies=[READ])
async def list_carts(query: Annotated[CartQuery, Query()], carts: Carts) -> Any:
    """List carts, newest first: staff see all, a client his own, a guest the one his token opens."""
    return await carts.list(query)


@router.post("", response_model=CartCreated, status_code=201, dependencies=[WRITE])
async def create_cart(body: CartCreate, carts: Carts) -> Any:
    """Start a cart; a guest keeps the `token` of the answer and sends it as `X-Cart-Token`."""
    return await carts.create(body)


@router.get("/{cart_id}", response_model=CartOut, dependencies=[READ], responses=problems(NotFound))
async def get_cart(cart_id: UUID, carts: Carts) -> Any:
    """Read one cart with live totals."""
    return await carts.get(cart_id)


@router.patch(
    "/{cart_id}",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed),
)
async def update_cart(cart_id: UUID, body: CartUpdate, carts: Carts) -> Any:
    """Change the e-mail address or the note."""
    return await carts.update(cart_id, body)


@router.put(
    "/{cart_id}",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed, CurrencyMismatch),
)
async def replace_cart(cart_id: UUID, body: CartCreate, carts: Carts) -> Any:
    """Replace the e-mail address and the note; the currency stays what it was."""
    return await carts.replace(cart_id, body)


@router.delete(
    "/{cart_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed),
)
async def delete_cart(cart_id: UUID, carts: Carts) -> None:
    """Remove a cart that was not checked out."""
    await carts.delete(cart_id)


@router.post(
    "/{cart_id}/items",
    response_model=CartOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(
        NotFound,
        CartNotOpen,
        UnknownVariant,
        CurrencyMismatch,
        QuantityTooLarge,
        TooManyLines,
        TotalsTooLarge,
    ),
)
async def add_cart_item(cart_id: UUID, body: CartItemAdd, carts: Carts) -> Any:
    """Put a variant in; one that is there already adds up."""
    return await carts.add_item(cart_id, body)


@router.patch(
    "/{cart_id}/items/{item_id}",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed, TotalsTooLarge),
)
async def update_cart_item(cart_id: UUID, item_id: UUID, body: CartItemUpdate, carts: Carts) -> Any:
    """Set the quantity of a line."""
    return await carts.update_item(cart_id, item_id, body)


@router.delete(
    "/{cart_id}/items/{item_id}",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed),
)
async def remove_cart_item(cart_id: UUID, item_id: UUID, carts: Carts) -> Any:
    """Take a line out; the answer is the cart without it."""
    return await carts.remove_item(cart_id, item_id)


@router.put(
    "/{cart_id}/address",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed),
)
async def set_cart_address(cart_id: UUID, body: CartAddress, carts: Carts) -> Any:
    """Say where the goods go."""
    return await carts.set_address(cart_id, body)


@router.put(
    "/{cart_id}/shipping",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed, UnknownShippingMethod),
)
async def choose_cart_shipping(cart_id: UUID, body: ChooseShipping, carts: Carts) -> Any:
    """Choose one of the methods that `GET /shipping/methods?cart_id=` lists."""
    return await carts.choose_shipping(cart_id, body.method_id)


@router.post(
    "/{cart_id}/claim",
    response_model=CartOut,
    dependencies=[WRITE],
    responses=problems(NotFound, CartNotOpen, PreconditionFailed),
)
async def claim_cart(cart_id: UUID, carts: Carts) -> Any:
    """After sign-in: make the guest's cart one's own, or part of the cart one has open already."""
    return await carts.claim(cart_id)
