"""The HTTP side of providers of outside accounts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import AlreadyExists, NotFound, PermissionDenied, PreconditionFailed
from libs.common.http.deps import allow, provide
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.oidc_providers.errors import ProviderFixed, TooManyProviders
from services.identity.oidc_providers.schemas import (
    OidcProviderCreate,
    OidcProviderOut,
    OidcProviderQuery,
    OidcProviderUpdate,
)
from services.identity.oidc_providers.service import OidcProviderService

router = APIRouter(prefix="/oidc-providers", tags=["OIDC providers"])
READ, WRITE = allow("identity.oidc_providers.read"), allow("identity.oidc_providers.write")
CHANGED = problems(NotFound, PreconditionFailed, ProviderFixed, PermissionDenied)
Providers = Annotated[OidcProviderService, Depends(provide(OidcProviderService), scope="function")]


@router.get("", response_model=Page[OidcProviderOut], dependencies=[READ])
async def list_oidc_providers(query: Annotated[OidcProviderQuery, Query()], providers: Providers) -> Any:
    """List the providers with which one can sign in to the business, newest first; the platform's own are not among them."""
    return await providers.list(query)


@router.post(
    "",
    response_model=OidcProviderOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists, TooManyProviders, PermissionDenied),
)
async def create_oidc_provider(body: OidcProviderCreate, providers: Providers) -> Any:
    """Add a provider: of the business, or by a superadministrator at the operator's, of the platform.

    Its secret is kept encrypted and never shown again.

    Register `<address of the platform or of the shop's own host>/api/v1/auth/oidc/<code>/callback` with it.
    """
    return await providers.create(body)


@router.get(
    "/{provider_id}", response_model=OidcProviderOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_oidc_provider(provider_id: UUID, providers: Providers) -> Any:
    """Read one provider, without its secret."""
    return await providers.get(provider_id)


@router.patch("/{provider_id}", response_model=OidcProviderOut, dependencies=[WRITE], responses=CHANGED)
async def update_oidc_provider(provider_id: UUID, body: OidcProviderUpdate, providers: Providers) -> Any:
    """Change some fields of a provider."""
    return await providers.update(provider_id, body)


@router.put("/{provider_id}", response_model=OidcProviderOut, dependencies=[WRITE], responses=CHANGED)
async def replace_oidc_provider(provider_id: UUID, body: OidcProviderCreate, providers: Providers) -> Any:
    """Replace a provider; without a secret it keeps the one it has."""
    return await providers.update(provider_id, body)


@router.delete(
    "/{provider_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, PermissionDenied),
)
async def delete_oidc_provider(provider_id: UUID, providers: Providers) -> None:
    """Remove a provider: nobody signs in with it any more. Accounts and sessions stay."""
    await providers.delete(provider_id)
