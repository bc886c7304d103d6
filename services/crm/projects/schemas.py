"""Bodies and queries of projects."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.filters import Column, Custom, ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.values import Name, Tags, Text

ProjectStatus = Literal["planned", "active", "on_hold", "completed", "cancelled"]
MemberIds = Annotated[list[UUID], Field(max_length=200, description="The colleagues who work on it")]


class ProjectCreate(Schema):
    """A new project; also the whole of it in a PUT."""

    name: Name
    description: Text | None = None
    status: ProjectStatus = "planned"
    starts_on: date | None = None
    due_on: date | None = None
    company_id: UUID | None = Field(None, description="The company it is for")
    deal_id: UUID | None = Field(None, description="The deal it came of")
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who answers for it")
    member_ids: MemberIds = Field(default_factory=list)


class ProjectUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    description: Text | None = None
    status: ProjectStatus = Field(default_factory=lambda: "planned")
    starts_on: date | None = None
    due_on: date | None = None
    company_id: UUID | None = None
    deal_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = None
    member_ids: MemberIds = Field(default_factory=list)


class ProjectOut(OutSchema):
    """A project."""

    id: UUID
    name: str
    description: str | None
    status: ProjectStatus
    starts_on: date | None
    due_on: date | None
    company_id: UUID | None
    deal_id: UUID | None
    tags: list[str]
    owner_id: UUID | None
    member_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime


class ProjectQuery(ListQuery):
    """How to list projects."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name", "due_on")
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    status: list[ProjectStatus] | None = None
    owner_id: list[UUID] | None = None
    member_id: Annotated[
        list[UUID] | None, Custom(), Field(description="Colleagues of whom one works on them")
    ] = None
    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company they are for")
    ] = None  # type: ignore[assignment]
    deal_id: list[UUID] | None = None
    due_on_from: date | None = None
    due_on_to: date | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
