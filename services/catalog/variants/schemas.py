"""Bodies of variants."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.common.money import Money, Price
from libs.common.schema import OutSchema, PatchSchema, Schema

Sku = Annotated[str, Field(min_length=1, max_length=100, examples=["MUG-L-BLUE"])]
OptionName = Annotated[str, Field(min_length=1, max_length=50)]
OptionValue = Annotated[str, Field(min_length=1, max_length=100)]
Options = Annotated[dict[OptionName, OptionValue], Field(max_length=20, examples=[{"size": "L"}])]
Weight = Annotated[int, Field(ge=0, le=100_000_000, description="Grams")]
Threshold = Annotated[
    int, Field(ge=0, le=1_000_000_000, description="Available pieces in a store at which an alert goes out")
]
Place = Annotated[int, Field(ge=0, le=10_000, description="Place among the variants, small first")]


class VariantCreate(Schema):
    """A new variant; also the whole of it in a PUT."""

    sku: Sku
    price: Price | None = Field(None, description="Base price; without one it cannot be bought")
    options: Options = Field(default_factory=dict)
    weight_g: Weight | None = None
    barcode: str | None = Field(None, min_length=1, max_length=100)
    track_stock: bool = Field(True, description="Whether stock is kept; only goods have any")
    low_stock_threshold: Threshold | None = None
    position: Place = 0


class VariantReplace(VariantCreate):
    """A variant in the PUT of its product: the one of this id, else of this SKU, else a new one."""

    id: UUID | None = None


class VariantUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied. A price is never emptied."""

    sku: Sku = ""
    price: Price = Price(amount=0, currency="ZAR")
    options: Options = Field(default_factory=dict)
    weight_g: Weight | None = None
    barcode: str | None = Field(None, min_length=1, max_length=100)
    track_stock: bool = True
    low_stock_threshold: Threshold | None = None
    position: Place = 0


class VariantOut(OutSchema):
    """A variant. `in_stock` says whether at least one can be bought now; what keeps no stock always can."""

    id: UUID
    product_id: UUID
    sku: str
    price: Money | None
    options: dict[str, str]
    weight_g: int | None
    barcode: str | None
    track_stock: bool
    low_stock_threshold: int | None
    position: int
    in_stock: bool = False
    version: int
    created_at: datetime
    updated_at: datetime


class VariantList(OutSchema):
    """The variants of one product, all of them, by position."""

    items: list[VariantOut]
    next_cursor: None = None


class LookupRequest(Schema):
    """Which variants another service wants to know of."""

    variant_ids: list[UUID] = Field(max_length=500)


class LookupItem(OutSchema):
    """What other services know of a variant. `name` is the product's with the options; `status` is the product's."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    product_name: str
    price: Money | None
    weight_g: int | None
    type: str
    status: str
    tax_class: str | None
    options: dict[str, str]
    track_stock: bool


class LookupOut(OutSchema):
    """The variants found; unknown ones are absent."""

    items: list[LookupItem]


class Offer(Schema):
    """What a customer was told that one piece of a variant costs."""

    variant_id: UUID
    price: Money
