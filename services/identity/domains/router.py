"""The HTTP side of domains."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PlanLimitReached, PreconditionFailed
from libs.common.http.deps import Context, CurrentActor, allow
from libs.common.http.limits import limit
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import Domains, enter_path_tenant
from services.identity.domains.errors import DomainNotVerified
from services.identity.domains.schemas import DomainCreate, DomainOut, DomainQuery, DomainUpdate, Verify
from services.identity.domains.service import DomainService, not_verified, prove
from services.identity.plans.catalogue import Code
from services.identity.usage.repository import count_domains

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
    dependencies=[WRITE, limit(Code.DOMAINS, count_domains, uow=enter_path_tenant)],
    responses=problems(NotFound, AlreadyExists, PlanLimitReached),
)
async def create_domain(body: DomainCreate, domains: Domains) -> Any:
    """Claim a host name. It leads to the business once it is verified."""
    return await domains.create(body)


@router.get("/{domain_id}", response_model=DomainOut, dependencies=[READ], responses=problems(NotFound))
async def get_domain(domain_id: UUID, domains: Domains) -> Any:
    """Read one host name."""
    return await domains.get(domain_id)


@router.put("/{domain_id}", response_model=DomainOut, dependencies=[WRITE], responses=CHANGED)
async def replace_domain(domain_id: UUID, body: DomainCreate, domains: Domains) -> Any:
    """Change a host name; another one is to be verified anew."""
    return await domains.update(domain_id, body)


@router.patch("/{domain_id}", response_model=DomainOut, dependencies=[WRITE], responses=CHANGED)
async def update_domain(domain_id: UUID, body: DomainUpdate, domains: Domains) -> Any:
    """Change a host name; it has no other field."""
    return await domains.update(domain_id, body)


@router.post(
    "/{domain_id}/verify",
    response_model=DomainOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, DomainNotVerified),
)
async def verify_domain(
    tenant_id: UUID, domain_id: UUID, context: Context, actor: CurrentActor, body: Verify | None = None
) -> Any:
    """Look whether the DNS or the site of a host name shows the token of `verification`; then it leads here."""
    async with context.unit_of_work(actor, platform=True) as uow:
        await enter_path_tenant(tenant_id, uow)
        row = await DomainService(uow).get(domain_id)
        host, token, is_verified = row.host, row.token, row.is_verified
    found = None
    if token is not None and not is_verified:
        # Outside of a transaction, for the world may take its time.
        found = await prove(context.resources["proofs"], host, token, (body or Verify()).method)
    async with context.unit_of_work(actor, platform=True) as uow:
        await enter_path_tenant(tenant_id, uow)
        row = await DomainService(uow).verified(domain_id, host, found)
        answer = DomainOut.model_validate(row)
    if not answer.is_verified:
        raise not_verified(answer)
    return answer


@router.delete("/{domain_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_domain(domain_id: UUID, domains: Domains) -> None:
    """Let a host name lead here no more."""
    await domains.delete(domain_id)
