"""Bodies and queries of companies."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema
from libs.common.websites import Website
from services.crm.values import Name, ShortText, Tags

Address = Annotated[str, Field(max_length=500)]


class CompanyCreate(Schema):
    """A new company; also the whole of it in a PUT."""

    name: Name
    registration_number: ShortText | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    website: Website | None = None
    address: Address | None = None
    country: Country | None = None
    industry: ShortText | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who looks after it")


class CompanyUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    registration_number: ShortText | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    website: Website | None = None
    address: Address | None = None
    country: Country | None = None
    industry: ShortText | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = None


class CompanyOut(OutSchema):
    """A company."""

    id: UUID
    name: str
    registration_number: str | None
    email: str | None
    phone: str | None
    website: str | None
    address: str | None
    country: str | None
    industry: str | None
    tags: list[str]
    owner_id: UUID | None
    applicant_company_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class CompanyQuery(ListQuery):
    """How to list companies."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "email")

    name: list[str] | None = None
    owner_id: list[UUID] | None = None
    applicant_company_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
