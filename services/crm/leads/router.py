"""The HTTP side of leads."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Conversion, Leads
from services.crm.leads.schemas import ConversionOut, LeadConvert, LeadCreate, LeadOut, LeadQuery, LeadUpdate

router = APIRouter(prefix="/leads", tags=["leads"])
READ, WRITE = allow("crm.leads.read"), allow("crm.leads.write", active=True)


@router.get("", response_model=Page[LeadOut], dependencies=[READ])
async def list_leads(query: Annotated[LeadQuery, Query()], leads: Leads) -> Any:
    """List leads, newest first."""
    return await leads.list(query)


@router.post("", response_model=LeadOut, status_code=201, dependencies=[WRITE])
async def create_lead(body: LeadCreate, leads: Leads) -> Any:
    """Add a lead."""
    return await leads.create(body)


@router.get("/{lead_id}", response_model=LeadOut, dependencies=[READ], responses=problems(NotFound))
async def get_lead(lead_id: UUID, leads: Leads) -> Any:
    """Read one lead; its `ETag` can be sent back as `If-Match`."""
    return await leads.get(lead_id)


@router.patch(
    "/{lead_id}",
    response_model=LeadOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, PreconditionFailed),
)
async def update_lead(lead_id: UUID, body: LeadUpdate, leads: Leads) -> Any:
    """Change some fields of a lead."""
    return await leads.update(lead_id, body)


@router.put(
    "/{lead_id}",
    response_model=LeadOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, PreconditionFailed),
)
async def replace_lead(lead_id: UUID, body: LeadCreate, leads: Leads) -> Any:
    """Replace all fields of a lead."""
    return await leads.update(lead_id, body)


@router.delete("/{lead_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_lead(lead_id: UUID, leads: Leads) -> None:
    """Remove a lead; its history stays."""
    await leads.delete(lead_id)


@router.post(
    "/{lead_id}/convert",
    response_model=ConversionOut,
    status_code=201,
    dependencies=[allow("crm.leads.convert", active=True)],
    responses=problems(NotFound, InvalidTransition, PreconditionFailed),
)
async def convert_lead(lead_id: UUID, conversion: Conversion, body: LeadConvert | None = None) -> Any:
    """Turn a lead into a company, a contact and a deal, all at once."""
    return await conversion.convert(lead_id, body or LeadConvert())
