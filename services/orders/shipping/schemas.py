"""Bodies and queries of shipping accounts, methods and quotes."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.money import Currency, Money, Price
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.orders.schemas import AddressIn
from services.orders.totals import MAX_QUANTITY

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Standard"])]
Grams = Annotated[int, Field(ge=0, le=1_000_000_000, strict=True)]
Provider = Literal["table"]


class RateIn(Schema):
    """One line of a table of rates. With `id` it changes the rate that has it, otherwise it is a new one."""

    id: UUID | None = None
    name: Name
    amount: Price
    country: Country | None = Field(None, description="Only to this country")
    weight_min_g: Grams | None = Field(None, description="Only from this weight on")
    weight_max_g: Grams | None = Field(None, description="Only up to this weight")
    free_from: Price | None = Field(None, description="The value of goods from which it costs nothing")

    @model_validator(mode="after")
    def _fits(self) -> "RateIn":
        if self.free_from is not None and self.free_from.currency != self.amount.currency:
            raise ValueError("free_from must be in the currency of the amount")
        if (
            self.weight_min_g is not None
            and self.weight_max_g is not None
            and self.weight_min_g > self.weight_max_g
        ):
            raise ValueError("weight_min_g is above weight_max_g")
        return self


Rates = Annotated[list[RateIn], Field(max_length=200)]


class ShippingAccountCreate(Schema):
    """A new shipping account; also the whole of it in a PUT."""

    provider: Provider
    name: Name
    rates: Rates = Field(default_factory=list)


class ShippingAccountUpdate(PatchSchema):
    """The fields to change; `rates`, when sent, is the whole table."""

    name: Name = ""
    rates: Rates = Field(default_factory=list)


class RateOut(OutSchema):
    """A rate of an account."""

    id: UUID
    name: str
    amount: Money = Field(validation_alias="price")
    country: str | None
    weight_min_g: int | None
    weight_max_g: int | None
    free_from: Money | None


class ShippingAccountOut(OutSchema):
    """A shipping account."""

    id: UUID
    provider: str
    name: str
    rates: list[RateOut]
    version: int
    created_at: datetime
    updated_at: datetime


class ShippingAccountQuery(ListQuery):
    """How to list shipping accounts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    provider: list[str] | None = None
    name: list[str] | None = None


class ShippingQuote(OutSchema):
    """A way to send goods, and what it costs."""

    id: UUID
    name: str
    amount: Money
    account_id: UUID


class ShippingQuotes(OutSchema):
    """The ways to send goods, cheapest first."""

    items: list[ShippingQuote]


class QuoteLine(Schema):
    """How many of a variant are to be sent."""

    variant_id: UUID
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]


class RatesRequest(Schema):
    """What is to be sent where."""

    address: AddressIn
    items: Annotated[list[QuoteLine], Field(min_length=1, max_length=200)]
    currency: Currency
