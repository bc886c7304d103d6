"""The HTTP side of suppliers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, FeatureNotInPlan, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import SUPPLIERS
from services.catalog.deps import Suppliers
from services.catalog.suppliers.schemas import SupplierCreate, SupplierOut, SupplierQuery, SupplierUpdate

router = APIRouter(prefix="/suppliers", tags=["suppliers"])
READ = allow("catalog.suppliers.read")
WRITE = allow("catalog.suppliers.write", active=True, feature=SUPPLIERS)
CHANGES = problems(NotFound, PreconditionFailed, AlreadyExists, FeatureNotInPlan)


@router.get("", response_model=Page[SupplierOut], dependencies=[READ])
async def list_suppliers(query: Annotated[SupplierQuery, Query()], suppliers: Suppliers) -> Any:
    """List suppliers, newest first."""
    return await suppliers.list(query)


@router.post(
    "",
    response_model=SupplierOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists, FeatureNotInPlan),
)
async def create_supplier(body: SupplierCreate, suppliers: Suppliers) -> Any:
    """Add a supplier."""
    return await suppliers.create(body)


@router.get("/{supplier_id}", response_model=SupplierOut, dependencies=[READ], responses=problems(NotFound))
async def get_supplier(supplier_id: UUID, suppliers: Suppliers) -> Any:
    """Read one supplier."""
    return await suppliers.get(supplier_id)


@router.patch("/{supplier_id}", response_model=SupplierOut, dependencies=[WRITE], responses=CHANGES)
async def update_supplier(supplier_id: UUID, body: SupplierUpdate, suppliers: Suppliers) -> Any:
    """Change some fields of a supplier."""
    return await suppliers.update(supplier_id, body)


@router.put("/{supplier_id}", response_model=SupplierOut, dependencies=[WRITE], responses=CHANGES)
async def replace_supplier(supplier_id: UUID, body: SupplierCreate, suppliers: Suppliers) -> Any:
    """Replace all fields of a supplier."""
    return await suppliers.update(supplier_id, body)


@router.delete(
    "/{supplier_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, FeatureNotInPlan),
)
async def delete_supplier(supplier_id: UUID, suppliers: Suppliers) -> None:
    """Remove a supplier; what was bought there stays."""
    await suppliers.delete(supplier_id)
