"""Bodies that several features share: addresses and totals."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from libs.common.countries import Country
from libs.common.money import Money
from libs.common.phones import Phone
from libs.common.schema import ONE_LINE, OutSchema, Schema

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]


# What other forms and systems call the parts of an address.
_SPELLINGS = {
    "line1": ("line_1", "address1", "address_line1", "address_line_1", "street", "street_address"),
    "line2": ("line_2", "address2", "address_line2", "address_line_2", "suburb"),
    "city": ("town",),
    "region": ("province", "state"),
    "postal_code": ("postcode", "zip", "zip_code"),
    "country": ("country_code",),
    "name": ("full_name", "recipient"),
}
_NAME_PARTS = ("first_name", "last_name")


class AddressIn(Schema):
    """A postal address. Common spellings (`street`, `province`, `zip`, `first_name` and `last_name`, …) are taken too."""

    name: str | None = Field(None, max_length=200, pattern=ONE_LINE, examples=["Nomsa Dlamini"])
    line1: Line = Field(examples=["12 Long Street"])
    line2: str | None = Field(None, max_length=200, pattern=ONE_LINE)
    city: Line = Field(examples=["Cape Town"])
    region: str | None = Field(None, max_length=100, pattern=ONE_LINE)
    postal_code: str | None = Field(None, max_length=20, pattern=ONE_LINE, examples=["8001"])
    country: Country
    phone: Phone | None = None

    @model_validator(mode="before")
    @classmethod
    def _respell(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = dict(value)
        for name, spellings in _SPELLINGS.items():
            for spelling in spellings:
                if spelling in known and name not in known:
                    known[name] = known.pop(spelling)
        parts = [known[part] for part in _NAME_PARTS if part in known]
        if parts and "name" not in known and all(isinstance(part, str | None) for part in parts):
            known["name"] = " ".join(part for part in parts if part) or None
            known = {name: part for name, part in known.items() if name not in _NAME_PARTS}
        return known


class TotalsOut(OutSchema):
    """total = subtotal - discount + shipping + tax; `tax_included` is the tax that prices contain already."""

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money
    total: Money
