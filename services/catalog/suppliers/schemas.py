"""Bodies and queries of suppliers."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.money import Currency
from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema
from libs.common.websites import Website

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Karoo Roasters"])]
Code = Annotated[str, Field(min_length=1, max_length=50, examples=["KAR-1"])]
TaxNumber = Annotated[str, Field(min_length=1, max_length=50, examples=["4123456789"])]
Person = Annotated[str, Field(min_length=1, max_length=200, examples=["Naledi Zulu"])]
Address = Annotated[str, Field(max_length=500)]
PaymentTerms = Annotated[
    int, Field(ge=0, le=365, description="Days in which to pay its invoices", examples=[30])
]
LeadTime = Annotated[int, Field(ge=0, le=730, description="Days from an order to its goods", examples=[7])]
Notes = Annotated[str, Field(max_length=10_000)]
ExternalId = Annotated[
    str, Field(min_length=1, max_length=100, description="What it is called in a system outside; unique")
]


class SupplierCreate(Schema):
    """A new supplier; also the whole of it in a PUT."""

    name: Name
    code: Code | None = Field(None, description="Unique within the business, in whatever case it is written")
    tax_number: TaxNumber | None = None
    contact_name: Person | None = Field(None, description="Whom to ask for")
    email: EmailStr | None = None
    phone: Phone | None = None
    website: Website | None = None
    address: Address | None = None
    country: Country | None = None
    currency: Currency | None = Field(None, description="The one of its prices")
    payment_terms_days: PaymentTerms | None = None
    lead_time_days: LeadTime | None = None
    notes: Notes | None = None
    is_active: bool = Field(True, description="Whether one buys there now")
    external_id: ExternalId | None = None


class SupplierUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = ""
    code: Code | None = None
    tax_number: TaxNumber | None = None
    contact_name: Person | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    website: Website | None = None
    address: Address | None = None
    country: Country | None = None
    currency: Currency | None = None
    payment_terms_days: PaymentTerms | None = None
    lead_time_days: LeadTime | None = None
    notes: Notes | None = None
    is_active: bool = True
    external_id: ExternalId | None = None


class SupplierOut(OutSchema):
    """A supplier."""

    id: UUID
    name: str
    code: str | None
    tax_number: str | None
    contact_name: str | None
    email: str | None
    phone: str | None
    website: str | None
    address: str | None
    country: str | None
    currency: str | None
    payment_terms_days: int | None
    lead_time_days: int | None
    notes: str | None
    is_active: bool
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class SupplierQuery(ListQuery):
    """How to list suppliers; `q` looks at name, code, contact and e-mail address."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "code", "contact_name", "email")

    code: list[str] | None = None
    external_id: list[str] | None = None
    is_active: bool | None = None
    currency: list[str] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
