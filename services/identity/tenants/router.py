"""The HTTP side of tenants."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import (
    InvalidTransition,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    ReauthenticationRequired,
    TenantRequired,
)
from libs.common.http.deps import CurrentActor, allow, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.recent import recently_authenticated
from services.identity.deps import Tenants
from services.identity.tenants.errors import SlugTaken
from services.identity.tenants.schemas import (
    SuspendIn,
    TenantCreate,
    TenantOut,
    TenantQuery,
    TenantReplace,
    TenantSettings,
    TenantSettingsOut,
    TenantUpdate,
)

router = APIRouter(prefix="/tenants", tags=["tenants"])
READ, WRITE = allow("identity.tenants.read"), allow("identity.tenants.write")
SUSPEND = allow("identity.tenants.suspend")
CHANGED = problems(NotFound, PermissionDenied, PreconditionFailed, SlugTaken)


@router.get("", response_model=Page[TenantOut], dependencies=[READ])
async def list_tenants(query: Annotated[TenantQuery, Query()], tenants: Tenants) -> Any:
    """List all businesses of the platform, newest first."""
    return await tenants.list(query)


@router.post(
    "",
    response_model=TenantOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, SlugTaken),
)
async def create_tenant(body: TenantCreate, tenants: Tenants) -> Any:
    """Set up a business for somebody who has an account; it trades at once."""
    return await tenants.open(body)


@router.get(
    "/current", response_model=TenantOut, dependencies=[signed_in()], responses=problems(TenantRequired)
)
async def get_current_tenant(tenants: Tenants, actor: CurrentActor) -> Any:
    """Read the business acted in."""
    if actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    return await tenants.show(actor.tenant_id)


@router.get(
    "/{tenant_id}", response_model=TenantOut, dependencies=[signed_in()], responses=problems(NotFound)
)
async def get_tenant(tenant_id: UUID, tenants: Tenants) -> Any:
    """Read a business one belongs to; staff read any."""
    return await tenants.show(tenant_id)


@router.patch("/{tenant_id}", response_model=TenantOut, dependencies=[signed_in()], responses=CHANGED)
async def update_tenant(tenant_id: UUID, body: TenantUpdate, tenants: Tenants) -> Any:
    """Change some fields of a business: its owner, or staff."""
    return await tenants.update(tenant_id, body)


@router.put("/{tenant_id}", response_model=TenantOut, dependencies=[signed_in()], responses=CHANGED)
async def replace_tenant(tenant_id: UUID, body: TenantReplace, tenants: Tenants) -> Any:
    """Replace the fields of a business: its owner, or staff."""
    return await tenants.update(tenant_id, body)


@router.delete(
    "/{tenant_id}",
    status_code=204,
    dependencies=[WRITE, recently_authenticated()],
    responses=problems(NotFound, InvalidTransition, ReauthenticationRequired),
)
async def close_tenant(tenant_id: UUID, tenants: Tenants) -> None:
    """Close a business: nobody signs in to it any more. It can be opened again until `kept_until`."""
    await tenants.close(tenant_id)


@router.get(
    "/{tenant_id}/settings",
    response_model=TenantSettingsOut,
    dependencies=[signed_in()],
    responses=problems(NotFound),
)
async def get_tenant_settings(tenant_id: UUID, tenants: Tenants) -> Any:
    """Read the settings of a business one belongs to, as they count; staff read any."""
    return await tenants.show(tenant_id)


@router.patch(
    "/{tenant_id}/settings",
    response_model=TenantSettingsOut,
    dependencies=[signed_in()],
    responses=CHANGED,
)
async def update_tenant_settings(tenant_id: UUID, body: TenantSettings, tenants: Tenants) -> Any:
    """Change some settings of a business: language, time zone, currency, branding."""
    return await tenants.update_settings(tenant_id, body)


@router.put(
    "/{tenant_id}/settings",
    response_model=TenantSettingsOut,
    dependencies=[signed_in()],
    responses=CHANGED,
)
async def replace_tenant_settings(tenant_id: UUID, body: TenantSettings, tenants: Tenants) -> Any:
    """Replace all settings of a business: what is absent goes back to the platform's, but for the currency."""
    return await tenants.update_settings(tenant_id, body, is_whole=True)


@router.post(
    "/{tenant_id}/suspend",
    response_model=TenantOut,
    dependencies=[SUSPEND],
    responses=problems(NotFound, InvalidTransition),
)
async def suspend_tenant(tenant_id: UUID, tenants: Tenants, body: SuspendIn | None = None) -> Any:
    """Stop a business from trading."""
    return await tenants.suspend(tenant_id, body.reason if body else None)


@router.post(
    "/{tenant_id}/reactivate",
    response_model=TenantOut,
    dependencies=[SUSPEND],
    responses=problems(NotFound, InvalidTransition),
)
async def reactivate_tenant(tenant_id: UUID, tenants: Tenants) -> Any:
    """Let a suspended business trade again."""
    return await tenants.reactivate(tenant_id)


@router.post(
    "/{tenant_id}/reopen",
    response_model=TenantOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition),
)
async def reopen_tenant(tenant_id: UUID, tenants: Tenants) -> Any:
    """Open a closed business again while its data are kept; one that was active trades again."""
    return await tenants.reopen(tenant_id)
