"""Bodies and queries of requests."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.common.filters import Column, ListQuery
from libs.common.money import Money
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.values import Amount, Name, ShortText, Tags, Text

RequestStatus = Literal["new", "in_progress", "answered", "closed"]


class RequestCreate(Schema):
    """A new request; also the whole of it in a PUT."""

    name: Name
    description: Text | None = None
    status: RequestStatus = "new"
    source: ShortText | None = Field(None, description="Where it came from", examples=["website"])
    budget: Amount | None = Field(None, description="What may be spent")
    due_at: AwareDatetime | None = Field(None, description="When an answer is due")
    company_id: UUID | None = Field(None, description="The company that asks")
    contact_id: UUID | None = Field(None, description="The person who asks")
    deal_id: UUID | None = Field(None, description="The deal that came of it")
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who answers it")


class RequestUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    description: Text | None = None
    status: RequestStatus = Field(default_factory=lambda: "new")
    source: ShortText | None = None
    budget: Amount | None = None
    due_at: AwareDatetime | None = None
    company_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = None


class RequestOut(OutSchema):
    """A commercial request."""

    id: UUID
    name: str
    description: str | None
    status: RequestStatus
    source: str | None
    budget: Money | None
    due_at: datetime | None
    company_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    tags: list[str]
    owner_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class RequestQuery(ListQuery):
    """How to list requests."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name", "due_at")
    searchable: ClassVar[tuple[str, ...]] = ("name", "description")

    status: list[RequestStatus] | None = None
    source: list[str] | None = None
    owner_id: list[UUID] | None = None
    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company that asks")
    ] = None  # type: ignore[assignment]
    contact_id: list[UUID] | None = None
    deal_id: list[UUID] | None = None
    due_at_from: datetime | None = None
    due_at_to: datetime | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
