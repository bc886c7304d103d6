"""The HTTP side of shipping accounts, methods and quotes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.orders.deps import Carts, Shipping, ShippingAccounts
from services.orders.errors import CurrencyMismatch, UnknownVariant
from services.orders.shipping.schemas import (
    RatesRequest,
    ShippingAccountCreate,
    ShippingAccountOut,
    ShippingAccountQuery,
    ShippingAccountUpdate,
    ShippingQuotes,
)
from services.orders.shipping.service import quote_out

router = APIRouter(prefix="/shipping", tags=["shipping"])
READ = allow("orders.shipping_accounts.read")
WRITE = allow("orders.shipping_accounts.write", active=True)
METHODS = allow("orders.shipping_methods.read", active=True)


@router.get("/methods", response_model=ShippingQuotes, dependencies=[METHODS], responses=problems(NotFound))
async def list_shipping_methods(cart_id: Annotated[UUID, Query()], carts: Carts) -> Any:
    """The ways to send the goods of a cart to its address, with their prices, cheapest first."""
    return {"items": [quote_out(quote) for quote in await carts.shipping_methods(cart_id)]}


@router.post(
    "/rates",
    response_model=ShippingQuotes,
    dependencies=[METHODS],
    responses=problems(UnknownVariant, CurrencyMismatch),
)
async def quote_shipping_rates(body: RatesRequest, shipping: Shipping) -> Any:
    """What it would cost to send these items to this address, cheapest first; nothing is kept."""
    return {"items": [quote_out(quote) for quote in await shipping.rates(body)]}


@router.get("/accounts", response_model=Page[ShippingAccountOut], dependencies=[READ])
async def list_shipping_accounts(
    query: Annotated[ShippingAccountQuery, Query()], accounts: ShippingAccounts
) -> Any:
    """List shipping accounts, newest first."""
    return await accounts.list(query)


@router.post("/accounts", response_model=ShippingAccountOut, status_code=201, dependencies=[WRITE])
async def create_shipping_account(body: ShippingAccountCreate, accounts: ShippingAccounts) -> Any:
    """Add a shipping account; every rate becomes a shipping method."""
    return await accounts.create(body)


@router.get(
    "/accounts/{account_id}",
    response_model=ShippingAccountOut,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def get_shipping_account(account_id: UUID, accounts: ShippingAccounts) -> Any:
    """Read one shipping account."""
    return await accounts.get(account_id)


@router.patch(
    "/accounts/{account_id}",
    response_model=ShippingAccountOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_shipping_account(
    account_id: UUID, body: ShippingAccountUpdate, accounts: ShippingAccounts
) -> Any:
    """Change some fields of a shipping account; `rates` replaces the whole table."""
    return await accounts.update(account_id, body)


@router.put(
    "/accounts/{account_id}",
    response_model=ShippingAccountOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_shipping_account(
    account_id: UUID, body: ShippingAccountCreate, accounts: ShippingAccounts
) -> Any:
    """Replace all fields of a shipping account."""
    return await accounts.update(account_id, body)


@router.delete("/accounts/{account_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_shipping_account(account_id: UUID, accounts: ShippingAccounts) -> None:
    """Remove a shipping account and its methods; orders keep what they were sent with."""
    await accounts.delete(account_id)
