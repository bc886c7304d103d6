"""Bodies and queries of stock."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from libs.common.filters import Custom, ListQuery
from libs.common.schema import OutSchema, Schema

# Far beyond any warehouse, and small enough that sums stay exact.
MAX_QUANTITY = 1_000_000_000


class MovementType(StrEnum):
    """Why pieces came or went."""

    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    PURCHASE = "purchase"
    SALE = "sale"
    RETURN = "return"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    COUNT = "count"


# The types that a person may give an adjustment; an adjustment whose reason is one of these words has that type.
ADJUSTABLE = frozenset(
    {MovementType.OPENING, MovementType.ADJUSTMENT, MovementType.PURCHASE, MovementType.RETURN}
)

Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Reason = Annotated[str, Field(min_length=1, max_length=300, examples=["opening"])]


class AdjustmentCreate(Schema):
    """Pieces that came or went. `type` follows from the reason where that is `opening`, `purchase` or `return`."""

    store_id: UUID
    variant_id: UUID
    quantity_delta: Annotated[int, Field(strict=True, ge=-MAX_QUANTITY, le=MAX_QUANTITY)]
    reason: Reason
    type: MovementType | None = None

    @field_validator("quantity_delta")
    @classmethod
    def _not_nothing(cls, value: int) -> int:
        if value == 0:
            raise ValueError("must not be 0")
        return value

    @field_validator("type")
    @classmethod
    def _by_hand(cls, value: MovementType | None) -> MovementType | None:
        if value is not None and value not in ADJUSTABLE:
            raise ValueError("must be opening, adjustment, purchase or return")
        return value

    @property
    def movement_type(self) -> MovementType:
        """The type that the movement gets."""
        if self.type is not None:
            return self.type
        named = self.reason.lower()
        return MovementType(named) if named in ADJUSTABLE else MovementType.ADJUSTMENT


class TransferCreate(Schema):
    """Pieces that go from one store to another."""

    from_store_id: UUID
    to_store_id: UUID
    variant_id: UUID
    quantity: Quantity
    reason: Reason | None = None

    @model_validator(mode="after")
    def _two_stores(self) -> "TransferCreate":
        if self.from_store_id == self.to_store_id:
            raise ValueError("the stores must differ")
        return self


class CountLine(Schema):
    """What was found of one variant."""

    variant_id: UUID
    counted: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)]


class CountCreate(Schema):
    """A stock-take of one store: what was found of each variant named; others stay as they are."""

    store_id: UUID
    lines: list[CountLine] = Field(min_length=1, max_length=500)
    reason: Reason | None = None

    @field_validator("lines")
    @classmethod
    def _each_once(cls, value: list[CountLine]) -> list[CountLine]:
        if len({line.variant_id for line in value}) < len(value):
            raise ValueError("a variant is counted twice")
        return value


class MovementOut(OutSchema):
    """One change of what lies in a store."""

    id: UUID
    type: MovementType
    store_id: UUID
    variant_id: UUID
    quantity: int = Field(description="Positive came, negative went")
    on_hand_after: int
    reason: str | None
    cause_id: UUID | None = Field(description="The shipment, transfer or count behind it")
    order_id: UUID | None
    actor_id: UUID | None
    created_at: datetime


class MovementsOut(OutSchema):
    """The movements of one transfer or count, under its id."""

    id: UUID
    movements: list[MovementOut]


class StockLevelOut(OutSchema):
    """The stock of a variant in a store; available = on_hand - reserved - allocated."""

    store_id: UUID
    variant_id: UUID
    sku: str
    on_hand: int
    reserved: int
    allocated: int
    available: int
    revision: int
    updated_at: datetime


class StockQuery(ListQuery):
    """How to list stock; `q` is looked for in the SKU."""

    variant_id: list[UUID] | None = None
    store_id: list[UUID] | None = None
    low: Annotated[
        bool | None,
        Custom(),
        Field(description="Only what is at its threshold or below, or sold out (or is neither)"),
    ] = None


class MovementQuery(ListQuery):
    """How to list movements."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("reason",)

    variant_id: list[UUID] | None = None
    store_id: list[UUID] | None = None
    type: list[MovementType] | None = None
    cause_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
