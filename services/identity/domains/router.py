"""The HTTP side of domains."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import Domains
from services.identity.domains.schemas import DomainCreate, DomainOut, DomainQuery

router = APIRouter(prefix="/tenants/{tenant_id}/domains", tags=["domains"])
READ, WRITE = allow("identity.domains.read"), allow("identity.domains.write", active=True)
CHANGED = problems(NotFound, PreconditionFailed, AlreadyExists)


@router.get("", response_model=Page[DomainOut], dependencies=[READ], responses=problems(NotFound))
async def list_domains(query: Annotated[DomainQuery, Query()], domains: Domains) -> Any:
    """List the host names of a business, newest first."""
    return await domains.list(query)


@router.post(
    "",
    response_model=DomainOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists),
)
async def create_domain(body: DomainCreate, domains: Domains) -> Any:
    """Let a host name lead to the business."""
    return await domains.create(body)


@router.get("/{domain_id}", response_model=DomainOut, dependencies=[READ], responses=problems(NotFound))
async def get_domain(domain_id: UUID, domains: Domains) -> Any:
    """Read one host name."""
    return await domains.get(domain_id)


@router.put("/{domain_id}", response_model=DomainOut, dependencies=[WRITE], responses=CHANGED)
async def replace_domain(domain_id: UUID, body: DomainCreate, domains: Domains) -> Any:
    """Change a host name."""
    return await domains.update(domain_id, body)


@router.patch("/{domain_id}", response_model=DomainOut, dependencies=[WRITE], responses=CHANGED)
async def update_domain(domain_id: UUID, body: DomainCreate, domains: Domains) -> Any:
    """Change a host name; it has no other field."""
    return await domains.update(domain_id, body)


@router.delete("/{domain_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_domain(domain_id: UUID, domains: Domains) -> None:
    """Let a host name lead here no more."""
    await domains.delete(domain_id)
