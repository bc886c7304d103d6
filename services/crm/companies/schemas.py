"""Bodies and queries of companies."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Karoo Coffee"])]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["ZA"])]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)]


class CompanyCreate(Schema):
    """A new company; also the whole of it in a PUT."""

    name: Name
    registration_number: str | None = Field(None, max_length=100)
    email: EmailStr | None = None
    phone: str | None = Field(None, max_length=40)
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    country: Country | None = None
    industry: str | None = Field(None, max_length=100)
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who looks after it")


class CompanyUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = ""
    registration_number: str | None = Field(None, max_length=100)
    email: EmailStr | None = None
    phone: str | None = Field(None, max_length=40)
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    country: Country | None = None
    industry: str | None = Field(None, max_length=100)
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
    applicant_company_id: UUID | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
