"""Bodies and queries of tenants."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.money import Currency
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.auth.schemas import Locale, Phone
from services.identity.registrations.schemas import BusinessName, Country
from services.identity.tenants.models import TenantStatus

Slug = Annotated[
    str,
    Field(
        pattern="^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$",
        description="Unique on the platform",
        examples=["karoo"],
    ),
]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone such as Africa/Johannesburg")
    return name


TimeZone = Annotated[str, Field(max_length=64, examples=["Africa/Johannesburg"]), AfterValidator(_zone)]


class TenantCreate(Schema):
    """A business that staff set up for somebody who has an account; it trades at once."""

    name: BusinessName
    owner_id: UUID = Field(description="The account that will own it")
    slug: Slug | None = Field(None, description="Made from the name where absent")
    country: Country | None = None
    currency: Currency | None = Field(None, description="The usual one of the country where absent")
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone = None
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


class TenantUpdate(PatchSchema):
    """The fields to change. Slug, country and currency are for staff."""

    name: BusinessName = ""
    slug: Slug = ""
    country: Country | None = None
    currency: Currency = ""
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone = None
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


class TenantReplace(Schema):
    """All fields of a business that can be changed."""

    name: BusinessName
    slug: Slug
    country: Country | None = None
    currency: Currency
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone = None
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


class TenantSettings(PatchSchema):
    """What a business sets for itself; null sets a value back to the platform's."""

    timezone: TimeZone | None = None
    locale: Locale | None = None
    support_email: EmailStr | None = None
    support_phone: Phone = None
    logo_url: str | None = Field(None, max_length=500, pattern="^https?://")


class SuspendIn(Schema):
    """Why."""

    reason: str | None = Field(None, max_length=1000)


class TenantOut(OutSchema):
    """A business."""

    id: UUID
    name: str
    slug: str
    status: TenantStatus
    status_reason: str | None
    country: str | None
    currency: str
    registration_number: str | None
    phone: str | None
    website: str | None
    address: str | None
    industry: str | None
    settings: dict[str, Any]
    activated_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class TenantQuery(ListQuery):
    """How to list businesses."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "slug")

    status: list[TenantStatus] | None = None
    country: list[str] | None = None
    slug: str | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
