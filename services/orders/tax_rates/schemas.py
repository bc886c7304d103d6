"""Bodies and queries of tax rates."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.orders.totals import PPM

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["VAT"])]
TaxClass = Annotated[
    str,
    Field(
        pattern="^[a-z0-9][a-z0-9_-]{0,49}$",
        description="The tax class of a product; `shipping` is that of the shipping charge",
        examples=["standard"],
    ),
]
Rate = Annotated[int, Field(ge=0, le=PPM, strict=True, description="Parts per million: 150000 is 15 %")]


class TaxRateCreate(Schema):
    """A new tax rate; also the whole of it in a PUT."""

    name: Name
    country: Country
    tax_class: TaxClass = "standard"
    rate_ppm: Rate
    inclusive: StrictBool = Field(False, description="Whether prices contain the tax already")


class TaxRateUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    name: Name = ""
    country: Country = ""
    tax_class: TaxClass = ""
    rate_ppm: Rate = 0
    inclusive: StrictBool = False


class TaxRateOut(OutSchema):
    """A tax rate."""

    id: UUID
    name: str
    country: str
    tax_class: str
    rate_ppm: int
    inclusive: bool
    version: int
    created_at: datetime
    updated_at: datetime


class TaxRateQuery(ListQuery):
    """How to list tax rates."""

    searchable: ClassVar[tuple[str, ...]] = ("name",)

    country: list[str] | None = None
    tax_class: list[str] | None = None
