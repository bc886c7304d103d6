"""The HTTP side of products."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PlanLimitReached, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.limits import limit
from libs.common.http.problems import problems
from services.catalog.deps import Products
from services.catalog.products.schemas import (
    MediaBody,
    MediaOut,
    ProductCreate,
    ProductOut,
    ProductPage,
    ProductQuery,
    ProductReplace,
    ProductUpdate,
)
from services.catalog.usage import PRODUCTS, count_products
from services.catalog.variants.errors import VariantHasStock

router = APIRouter(prefix="/products", tags=["products"])
READ, WRITE = allow("catalog.products.read"), allow("catalog.products.write", active=True)
CHANGES = problems(NotFound, PreconditionFailed, AlreadyExists)


@router.get("", response_model=ProductPage, dependencies=[READ])
async def list_products(query: Annotated[ProductQuery, Query()], products: Products) -> Any:
    """List products, newest first; shoppers see the active ones only.

    `attr.<name>=<value>` filters by an attribute or a variant's option, for instance `attr.color=blue`. Prices are
    compared in minor units; name the `currency` where there are several.
    """
    return await products.search(query)


@router.post(
    "",
    response_model=ProductOut,
    status_code=201,
    dependencies=[WRITE, limit(PRODUCTS, count_products)],
    responses=problems(NotFound, AlreadyExists, PlanLimitReached),
)
async def create_product(body: ProductCreate, products: Products) -> Any:
    """Add a product with its variants."""
    return await products.add(body)


@router.get("/{product_id}", response_model=ProductOut, dependencies=[READ], responses=problems(NotFound))
async def get_product(product_id: UUID, products: Products) -> Any:
    """Read one product with its variants."""
    return await products.show(product_id)


@router.patch("/{product_id}", response_model=ProductOut, dependencies=[WRITE], responses=CHANGES)
async def update_product(product_id: UUID, body: ProductUpdate, products: Products) -> Any:
    """Change some fields of a product."""
    return await products.change(product_id, body)


@router.put(
    "/{product_id}",
    response_model=ProductOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, AlreadyExists, VariantHasStock),
)
async def replace_product(product_id: UUID, body: ProductReplace, products: Products) -> Any:
    """Replace all fields of a product, and its variants where they are sent; without a slug it keeps its own.

    Variants are told apart by their ids where those are sent, else by their SKUs: one that is there already keeps its id
    and its stock, and without a price the one it has.
    """
    return await products.change(product_id, body)


@router.delete(
    "/{product_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, VariantHasStock),
)
async def delete_product(product_id: UUID, products: Products) -> None:
    """Remove a product of which nothing is in stock; its history stays."""
    await products.delete(product_id)


@router.get("/{product_id}/media", response_model=MediaOut, dependencies=[READ], responses=problems(NotFound))
async def get_product_media(product_id: UUID, products: Products) -> Any:
    """Read the pictures, films and documents of a product."""
    return {"items": (await products.get(product_id)).media}


@router.put(
    "/{product_id}/media",
    response_model=MediaOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_product_media(product_id: UUID, body: MediaBody, products: Products) -> Any:
    """Replace the pictures, films and documents of a product."""
    return {"items": (await products.set_media(product_id, body)).media}
