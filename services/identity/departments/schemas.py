"""Bodies and queries of departments."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema


class DepartmentCreate(Schema):
    """A new department; also the whole of it in a PUT."""

    name: str = Field(min_length=1, max_length=100, examples=["Operations"])
    description: str | None = Field(None, max_length=500)


class DepartmentUpdate(PatchSchema):
    """The fields to change."""

    name: str = Field("", min_length=1, max_length=100)
    description: str | None = Field(None, max_length=500)


class DepartmentOut(OutSchema):
    """A department."""

    id: UUID
    name: str
    description: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class DepartmentQuery(ListQuery):
    """How to list departments."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name",)
