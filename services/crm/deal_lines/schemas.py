"""Bodies of deal lines."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.common.money import Money, Price
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.values import Name

Sku = Annotated[str, Field(min_length=1, max_length=100, examples=["micro-sites"])]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]

MAX_LINES = 200


class DealLineIn(Schema):
    """A product of a deal; also the whole of it in a PUT. The currency must be that of the deal's other lines."""

    sku: Sku
    name: Name
    quantity: Quantity = 1
    unit_price: Price
    product_id: UUID | None = Field(None, description="The product in the catalogue, if it is one")


class DealLineUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    sku: Sku = Field(default_factory=str)
    name: Name = Field(default_factory=str)
    quantity: Quantity = 1
    unit_price: Price = Field(default_factory=lambda: Price(amount=0, currency="ZAR"))
    product_id: UUID | None = None


class DealLineOut(OutSchema):
    """A product of a deal."""

    id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money
    product_id: UUID | None


class DealLinesOut(OutSchema):
    """All lines of a deal, in order. A deal has at most 200, so there is one page."""

    items: list[DealLineOut]
    next_cursor: None = None
