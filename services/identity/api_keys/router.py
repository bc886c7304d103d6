"""The HTTP side of API keys."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import (
    FeatureNotInPlan,
    NotFound,
    PermissionDenied,
    PlanLimitReached,
    PreconditionFailed,
    ReauthenticationRequired,
)
from libs.common.http.deps import allow, provide
from libs.common.http.limits import limit
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import API_KEYS
from services.identity.api_keys.errors import TooManyKeys
from services.identity.api_keys.models import ApiKey
from services.identity.api_keys.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyOut,
    ApiKeyQuery,
    ApiKeyReplace,
    ApiKeyUpdate,
    Rotate,
)
from services.identity.api_keys.service import ApiKeyService
from services.identity.auth.recent import recently_authenticated
from services.identity.deps import VOCABULARY
from services.identity.plans.catalogue import Code
from services.identity.roles.errors import UnknownPermission
from services.identity.usage.repository import count_api_keys

router = APIRouter(prefix="/api-keys", tags=["API keys"])
READ = allow("identity.api_keys.read")
# Who has no API keys in the plan any more can still see and revoke those there are.
REVOKE, WRITE = (
    allow("identity.api_keys.write"),
    allow("identity.api_keys.write", feature=API_KEYS),
)
CHANGED = problems(NotFound, PermissionDenied, PreconditionFailed, FeatureNotInPlan, UnknownPermission)
ApiKeys = Annotated[ApiKeyService, Depends(provide(ApiKeyService), scope="function")]


@router.get("", response_model=Page[ApiKeyOut], dependencies=[READ])
async def list_api_keys(query: Annotated[ApiKeyQuery, Query()], keys: ApiKeys) -> Any:
    """List the keys of the business that work, newest first; `prefix` finds one by how its secret begins."""
    return await keys.list(query)


@router.post(
    "",
    response_model=ApiKeyCreated,
    status_code=201,
    dependencies=[WRITE, recently_authenticated(), VOCABULARY, limit(Code.API_KEYS, count_api_keys)],
    responses=problems(
        PermissionDenied,
        FeatureNotInPlan,
        TooManyKeys,
        PlanLimitReached,
        ReauthenticationRequired,
        UnknownPermission,
    ),
)
async def create_api_key(body: ApiKeyCreate, keys: ApiKeys) -> Any:
    """Make a key out of permissions that one holds oneself. The secret is shown this once."""
    return _with_secret(*await keys.make(body))


@router.get("/{key_id}", response_model=ApiKeyOut, dependencies=[READ], responses=problems(NotFound))
async def get_api_key(key_id: UUID, keys: ApiKeys) -> Any:
    """Read one key, without its secret."""
    return await keys.get(key_id)


@router.patch("/{key_id}", response_model=ApiKeyOut, dependencies=[WRITE], responses=CHANGED)
async def update_api_key(key_id: UUID, body: ApiKeyUpdate, keys: ApiKeys) -> Any:
    """Change some fields of a key; scopes can be added only by who holds them."""
    return await keys.update(key_id, body)


@router.put("/{key_id}", response_model=ApiKeyOut, dependencies=[WRITE], responses=CHANGED)
async def replace_api_key(key_id: UUID, body: ApiKeyReplace, keys: ApiKeys) -> Any:
    """Replace all fields of a key that can be changed."""
    return await keys.update(key_id, body)


@router.post(
    "/{key_id}/rotate",
    response_model=ApiKeyCreated,
    dependencies=[WRITE, recently_authenticated()],
    responses=problems(
        NotFound, PermissionDenied, PreconditionFailed, FeatureNotInPlan, ReauthenticationRequired
    ),
)
async def rotate_api_key(key_id: UUID, keys: ApiKeys, body: Rotate | None = None) -> Any:
    """Give a key a new secret, shown this once. The one of now works for `overlap_seconds` longer, a day by default."""
    return _with_secret(*await keys.rotate(key_id, (body or Rotate()).overlap_seconds))


@router.delete(
    "/{key_id}", status_code=204, dependencies=[REVOKE], responses=problems(NotFound, PreconditionFailed)
)
async def revoke_api_key(key_id: UUID, keys: ApiKeys) -> None:
    """Revoke a key: neither its secret nor the one before it works any more, anywhere."""
    await keys.delete(key_id)


def _with_secret(row: ApiKey, secret: str) -> ApiKeyCreated:
    return ApiKeyCreated(**ApiKeyOut.model_validate(row).model_dump(), secret=secret)
