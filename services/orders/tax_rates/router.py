"""The HTTP side of tax rates."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.orders.deps import TaxRates
from services.orders.tax_rates.schemas import TaxRateCreate, TaxRateOut, TaxRateQuery, TaxRateUpdate

router = APIRouter(prefix="/tax-rates", tags=["tax-rates"])
READ, WRITE = allow("orders.tax_rates.read"), allow("orders.tax_rates.write", active=True)


@router.get("", response_model=Page[TaxRateOut], dependencies=[READ])
async def list_tax_rates(query: Annotated[TaxRateQuery, Query()], tax_rates: TaxRates) -> Any:
    """List tax rates, newest first."""
    return await tax_rates.list(query)


@router.post(
    "", response_model=TaxRateOut, status_code=201, dependencies=[WRITE], responses=problems(AlreadyExists)
)
async def create_tax_rate(body: TaxRateCreate, tax_rates: TaxRates) -> Any:
    """Add a tax rate; there is one for each country and class."""
    return await tax_rates.create(body)


@router.get("/{tax_rate_id}", response_model=TaxRateOut, dependencies=[READ], responses=problems(NotFound))
async def get_tax_rate(tax_rate_id: UUID, tax_rates: TaxRates) -> Any:
    """Read one tax rate."""
    return await tax_rates.get(tax_rate_id)


@router.patch(
    "/{tax_rate_id}",
    response_model=TaxRateOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, PreconditionFailed),
)
async def update_tax_rate(tax_rate_id: UUID, body: TaxRateUpdate, tax_rates: TaxRates) -> Any:
    """Change some fields of a tax rate."""
    return await tax_rates.update(tax_rate_id, body)


@router.put(
    "/{tax_rate_id}",
    response_model=TaxRateOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, PreconditionFailed),
)
async def replace_tax_rate(tax_rate_id: UUID, body: TaxRateCreate, tax_rates: TaxRates) -> Any:
    """Replace all fields of a tax rate."""
    return await tax_rates.update(tax_rate_id, body)


@router.delete("/{tax_rate_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_tax_rate(tax_rate_id: UUID, tax_rates: TaxRates) -> None:
    """Remove a tax rate; placed orders keep the tax they have."""
    await tax_rates.delete(tax_rate_id)
