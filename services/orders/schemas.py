"""Bodies that several features share: addresses and totals."""

from typing import Annotated

from pydantic import Field

from libs.common.money import Money
from libs.common.schema import OutSchema, Schema

Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["ZA"])]
Line = Annotated[str, Field(min_length=1, max_length=200)]


class AddressIn(Schema):
    """A postal address."""

    name: str | None = Field(None, max_length=200, examples=["Nomsa Dlamini"])
    line1: Line = Field(examples=["12 Long Street"])
    line2: str | None = Field(None, max_length=200)
    city: Line = Field(examples=["Cape Town"])
    region: str | None = Field(None, max_length=100)
    postal_code: str | None = Field(None, max_length=20, examples=["8001"])
    country: Country
    phone: str | None = Field(None, max_length=40)


class TotalsOut(OutSchema):
    """total = subtotal - discount + shipping + tax; `tax_included` is the tax that prices contain already."""

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money
    total: Money
