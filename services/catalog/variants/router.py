"""The HTTP side of variants."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow, internal
from libs.common.http.problems import problems
from services.catalog.deps import Variants
from services.catalog.variants.errors import TooManyVariants, VariantHasStock
from services.catalog.variants.schemas import (
    LookupOut,
    LookupRequest,
    VariantCreate,
    VariantList,
    VariantOut,
    VariantUpdate,
)

router = APIRouter(prefix="/products/{product_id}/variants", tags=["variants"])
internal_router = APIRouter(prefix="/internal/variants", include_in_schema=False)
READ, WRITE = allow("catalog.products.read"), allow("catalog.products.write", active=True)
CHANGES = problems(NotFound, PreconditionFailed, AlreadyExists)


@router.get("", response_model=VariantList, dependencies=[READ], responses=problems(NotFound))
async def list_variants(product_id: UUID, variants: Variants) -> Any:
    """List all variants of a product by their position."""
    return await variants.list_of(product_id)


@router.post(
    "",
    response_model=VariantOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, TooManyVariants),
)
async def create_variant(product_id: UUID, body: VariantCreate, variants: Variants) -> Any:
    """Add a variant to a product."""
    return await variants.add(product_id, body)


@router.get("/{variant_id}", response_model=VariantOut, dependencies=[READ], responses=problems(NotFound))
async def get_variant(product_id: UUID, variant_id: UUID, variants: Variants) -> Any:
    """Read one variant."""
    return await variants.get_of(product_id, variant_id)


@router.patch("/{variant_id}", response_model=VariantOut, dependencies=[WRITE], responses=CHANGES)
async def update_variant(product_id: UUID, variant_id: UUID, body: VariantUpdate, variants: Variants) -> Any:
    """Change some fields of a variant."""
    return await variants.change(product_id, variant_id, body)


@router.put("/{variant_id}", response_model=VariantOut, dependencies=[WRITE], responses=CHANGES)
async def replace_variant(product_id: UUID, variant_id: UUID, body: VariantCreate, variants: Variants) -> Any:
    """Replace all fields of a variant; without a price it keeps the one it has."""
    return await variants.change(product_id, variant_id, body)


@router.delete(
    "/{variant_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, VariantHasStock),
)
async def delete_variant(product_id: UUID, variant_id: UUID, variants: Variants) -> None:
    """Remove a variant of which nothing is in stock; its history stays."""
    await variants.remove(product_id, variant_id)


@internal_router.post("/lookup", response_model=LookupOut, dependencies=[internal()])
async def lookup_variants(body: LookupRequest, variants: Variants) -> Any:
    """What other services need of variants."""
    return {"items": await variants.lookup(body.variant_ids)}
