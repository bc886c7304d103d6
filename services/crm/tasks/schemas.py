"""Bodies and queries of tasks."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.common.filters import Column, ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.deal_lines.schemas import DealLineOut
from services.crm.values import Name, Tags, Text

TaskStatus = Literal["todo", "in_progress", "done", "cancelled"]
TaskPriority = Literal["low", "normal", "high", "urgent"]


class DealTaskCreate(Schema):
    """A new task for a deal."""

    name: Name
    description: Text | None = None
    status: TaskStatus = "todo"
    priority: TaskPriority = "normal"
    due_at: AwareDatetime | None = None
    assignee_id: UUID | None = Field(None, description="The colleague who is to do it")
    tags: Tags = Field(default_factory=list)


class TaskCreate(DealTaskCreate):
    """A new task; also the whole of it in a PUT."""

    deal_id: UUID | None = Field(None, description="The deal it is for, whose products it shows")
    company_id: UUID | None = None
    contact_id: UUID | None = None


class TaskUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    description: Text | None = None
    status: TaskStatus = Field(default_factory=lambda: "todo")
    priority: TaskPriority = Field(default_factory=lambda: "normal")
    due_at: AwareDatetime | None = None
    assignee_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    deal_id: UUID | None = None
    company_id: UUID | None = None
    contact_id: UUID | None = None


class TaskOut(OutSchema):
    """A task."""

    id: UUID
    name: str
    description: str | None
    status: TaskStatus
    priority: TaskPriority
    due_at: datetime | None
    assignee_id: UUID | None
    deal_id: UUID | None
    company_id: UUID | None
    contact_id: UUID | None
    tags: list[str]
    products: list[DealLineOut] = Field(description="The products of its deal")
    created_by_id: UUID | None
    completed_by_id: UUID | None
    completed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class TaskQuery(ListQuery):
    """How to list tasks."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "due_at")
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    status: list[TaskStatus] | None = None
    priority: list[TaskPriority] | None = None
    assignee_id: list[UUID] | None = None
    created_by_id: list[UUID] | None = None
    deal_id: list[UUID] | None = None
    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company it is about")
    ] = None  # type: ignore[assignment]
    contact_id: list[UUID] | None = None
    due_at_from: datetime | None = None
    due_at_to: datetime | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
