"""Bodies and queries of contacts."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import Column, ListQuery
from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.values import ShortText, Tags

PersonName = Annotated[str, Field(min_length=1, max_length=100, examples=["Thandi"])]


class ContactCreate(Schema):
    """A new contact; also the whole of it in a PUT."""

    first_name: PersonName
    last_name: PersonName | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    position: ShortText | None = Field(None, description="What the person does at the company")
    company_id: UUID | None = Field(None, description="The company where the person works")
    source: ShortText | None = Field(None, description="Where the contact came from")
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who looks after it")


class ContactUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    first_name: PersonName = Field(default_factory=str)
    last_name: PersonName | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    position: ShortText | None = None
    company_id: UUID | None = None
    source: ShortText | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = None


class ContactOut(OutSchema):
    """A contact."""

    id: UUID
    name: str = Field(description="First and last name together")
    first_name: str
    last_name: str | None
    email: str | None
    phone: str | None
    position: str | None
    company_id: UUID | None
    source: str | None
    tags: list[str]
    owner_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class ContactQuery(ListQuery):
    """How to list contacts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "email", "phone")

    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company where they work")
    ] = None  # type: ignore[assignment]
    email: list[str] | None = None
    owner_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
