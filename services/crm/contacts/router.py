"""The HTTP side of contacts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.contacts.schemas import ContactCreate, ContactOut, ContactQuery, ContactUpdate
from services.crm.deps import Contacts

router = APIRouter(prefix="/contacts", tags=["contacts"])
READ, WRITE = allow("crm.contacts.read"), allow("crm.contacts.write", active=True)


@router.get("", response_model=Page[ContactOut], dependencies=[READ])
async def list_contacts(query: Annotated[ContactQuery, Query()], contacts: Contacts) -> Any:
    """List contacts, newest first."""
    return await contacts.list(query)


@router.post("", response_model=ContactOut, status_code=201, dependencies=[WRITE])
async def create_contact(body: ContactCreate, contacts: Contacts) -> Any:
    """Add a contact."""
    return await contacts.create(body)


@router.get("/{contact_id}", response_model=ContactOut, dependencies=[READ], responses=problems(NotFound))
async def get_contact(contact_id: UUID, contacts: Contacts) -> Any:
    """Read one contact; its `ETag` can be sent back as `If-Match`."""
    return await contacts.get(contact_id)


@router.patch(
    "/{contact_id}",
    response_model=ContactOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_contact(contact_id: UUID, body: ContactUpdate, contacts: Contacts) -> Any:
    """Change some fields of a contact."""
    return await contacts.update(contact_id, body)


@router.put(
    "/{contact_id}",
    response_model=ContactOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_contact(contact_id: UUID, body: ContactCreate, contacts: Contacts) -> Any:
    """Replace all fields of a contact."""
    return await contacts.update(contact_id, body)


@router.delete("/{contact_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_contact(contact_id: UUID, contacts: Contacts) -> None:
    """Remove a contact; its history stays."""
    await contacts.delete(contact_id)
