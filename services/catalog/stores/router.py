"""The HTTP side of stores."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PlanLimitReached, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.limits import limit
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.catalog.deps import Stores
from services.catalog.stores.errors import DefaultStoreNeeded, StoreNotEmpty
from services.catalog.stores.schemas import StoreCreate, StoreOut, StoreQuery, StoreUpdate
from services.catalog.usage import STORES, count_stores

router = APIRouter(prefix="/inventory/stores", tags=["stores"])
READ, WRITE = allow("catalog.stores.read"), allow("catalog.stores.write", active=True)
CHANGES = problems(NotFound, PreconditionFailed, AlreadyExists, DefaultStoreNeeded)


@router.get("", response_model=Page[StoreOut], dependencies=[READ])
async def list_stores(query: Annotated[StoreQuery, Query()], stores: Stores) -> Any:
    """List stores, newest first."""
    return await stores.list(query)


@router.post(
    "",
    response_model=StoreOut,
    status_code=201,
    dependencies=[WRITE, limit(STORES, count_stores)],
    responses=problems(AlreadyExists, PlanLimitReached),
)
async def create_store(body: StoreCreate, stores: Stores) -> Any:
    """Add a store."""
    return await stores.create(body)


@router.get("/{store_id}", response_model=StoreOut, dependencies=[READ], responses=problems(NotFound))
async def get_store(store_id: UUID, stores: Stores) -> Any:
    """Read one store."""
    return await stores.get(store_id)


@router.patch("/{store_id}", response_model=StoreOut, dependencies=[WRITE], responses=CHANGES)
async def update_store(store_id: UUID, body: StoreUpdate, stores: Stores) -> Any:
    """Change some fields of a store, or make it the default."""
    return await stores.update(store_id, body)


@router.put("/{store_id}", response_model=StoreOut, dependencies=[WRITE], responses=CHANGES)
async def replace_store(store_id: UUID, body: StoreCreate, stores: Stores) -> Any:
    """Replace all fields of a store."""
    return await stores.update(store_id, body)


@router.delete(
    "/{store_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, DefaultStoreNeeded, StoreNotEmpty),
)
async def delete_store(store_id: UUID, stores: Stores) -> None:
    """Remove an empty store that is not the default."""
    await stores.delete(store_id)
