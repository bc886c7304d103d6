"""Bodies and queries of tenants."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, EmailStr, Field, model_validator

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.money import Currency
from libs.common.phones import Phone
from libs.common.schema import ONE_LINE, OutSchema, PatchSchema, Schema
from libs.common.websites import Website
from services.identity.auth.schemas import Locale
from services.identity.registrations.schemas import BusinessName
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
    phone: Phone | None = None
    website: Website | None = None
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


class TenantUpdate(PatchSchema):
    """The fields to change. Slug, country and currency are for staff."""

    name: BusinessName = ""
    slug: Slug = ""
    country: Country | None = None
    currency: Currency = ""
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone | None = None
    website: Website | None = None
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


class TenantReplace(Schema):
    """All fields of a business that can be changed."""

    name: BusinessName
    slug: Slug
    country: Country | None = None
    currency: Currency
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone | None = None
    website: Website | None = None
    address: str | None = Field(None, max_length=500)
    industry: str | None = Field(None, max_length=100)


LogoUrl = Annotated[str, Field(max_length=500, pattern="^https?://")]
Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$", examples=["#8b4513"])]


class Branding(PatchSchema):
    """How a business looks; null sets a value back."""

    name: str | None = Field(
        None, min_length=1, max_length=100, pattern=ONE_LINE, description="The one customers see"
    )
    colours: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,30}$")], Colour] | None = Field(
        None, max_length=20, description="By their use", examples=[{"primary": "#8b4513"}]
    )
    logo_url: LogoUrl | None = None


class TenantSettings(PatchSchema):
    """What a business sets for itself; null sets a value back to the platform's."""

    currency: Currency = ""
    branding: Branding | None = None
    timezone: TimeZone | None = None
    locale: Locale | None = None
    support_email: EmailStr | None = None
    support_phone: Phone | None = None
    logo_url: LogoUrl | None = None


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
    closed_at: datetime | None = None
    kept_until: datetime | None = Field(None, description="Until when a closed business can be opened again")
    erasure_due_at: datetime | None = Field(None, description="When its data were marked to be erased")
    erased_at: datetime | None = Field(None, description="When every service had erased them")
    version: int
    created_at: datetime
    updated_at: datetime


class BrandingOut(OutSchema):
    """How a business looks: what it sets, and else its name."""

    name: str
    colours: dict[str, str]
    logo_url: str | None


class TenantSettingsOut(TenantOut):
    """A business with its settings as they count: where it sets none, those of the platform."""

    locale: str
    timezone: str
    support_email: str | None
    support_phone: str | None
    logo_url: str | None
    branding: BrandingOut

    @model_validator(mode="before")
    @classmethod
    def _as_they_count(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return row
        own = row.settings
        brand = own.get("branding") or {}
        logo = brand.get("logo_url") or own.get("logo_url")
        return {
            **{name: getattr(row, name) for name in TenantOut.model_fields},
            "locale": own.get("locale") or "en",
            "timezone": own.get("timezone") or "UTC",
            "support_email": own.get("support_email"),
            "support_phone": own.get("support_phone"),
            "logo_url": logo,
            "branding": {
                "name": brand.get("name") or row.name,
                "colours": brand.get("colours") or {},
                "logo_url": logo,
            },
        }


class TenantQuery(ListQuery):
    """How to list businesses."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "slug")

    status: list[TenantStatus] | None = None
    country: list[str] | None = None
    slug: list[str] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
