"""Values that several events share."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from libs.common.money import Money

__all__ = ["Address", "Business", "DealLine", "Money", "OrderLine", "Value"]


class Value(BaseModel):
    """The base of the values inside events: frozen, and tolerant of fields added later."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Business(Value):
    """What an applicant said of its business."""

    name: str
    registration_number: str | None = None
    phone: str | None = None
    website: str | None = None
    address: str | None = None
    country: str | None = None
    industry: str | None = None


class Address(Value):
    """A postal address. `country` is ISO 3166-1 alpha-2."""

    name: str | None = None
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str | None = None
    country: str
    phone: str | None = None


class OrderLine(Value):
    """One line of an order. `total` is what the customer pays for it, discounts included, before added tax.

    `tax_included` is the tax that `total` contains already; null where whoever told of it did not say.
    """

    line_id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Money
    discount: Money
    tax_included: Money | None = None
    total: Money
    options: dict[str, Any] = {}


class DealLine(Value):
    """One product line of a deal."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
