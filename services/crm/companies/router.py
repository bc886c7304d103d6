"""The HTTP side of companies."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.companies.schemas import CompanyCreate, CompanyOut, CompanyQuery, CompanyUpdate
from services.crm.deps import Companies

router = APIRouter(prefix="/companies", tags=["companies"])
READ, WRITE = allow("crm.companies.read"), allow("crm.companies.write", active=True)


@router.get("", response_model=Page[CompanyOut], dependencies=[READ])
async def list_companies(query: Annotated[CompanyQuery, Query()], companies: Companies) -> Any:
    """List companies, newest first."""
    return await companies.list(query)


@router.post("", response_model=CompanyOut, status_code=201, dependencies=[WRITE])
async def create_company(body: CompanyCreate, companies: Companies) -> Any:
    """Add a company."""
    return await companies.create(body)


@router.get("/{company_id}", response_model=CompanyOut, dependencies=[READ], responses=problems(NotFound))
async def get_company(company_id: UUID, companies: Companies) -> Any:
    """Read one company; its `ETag` can be sent back as `If-Match`."""
    return await companies.get(company_id)


@router.patch(
    "/{company_id}",
    response_model=CompanyOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_company(company_id: UUID, body: CompanyUpdate, companies: Companies) -> Any:
    """Change some fields of a company."""
    return await companies.update(company_id, body)


@router.put(
    "/{company_id}",
    response_model=CompanyOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_company(company_id: UUID, body: CompanyCreate, companies: Companies) -> Any:
    """Replace all fields of a company."""
    return await companies.update(company_id, body)


@router.delete("/{company_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_company(company_id: UUID, companies: Companies) -> None:
    """Remove a company; its history stays."""
    await companies.delete(company_id)
