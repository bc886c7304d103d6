"""Bodies and queries of categories."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Mugs"])]
Slug = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\W_]+(-[^\W_]+)*$", examples=["enamel-mug"])
]
Position = Annotated[int, Field(ge=0, le=1_000_000, description="Place among its siblings, small first")]


class CategoryCreate(Schema):
    """A new category; also the whole of it in a PUT. Without a slug one is made from the name."""

    name: Name
    slug: Slug | None = None
    parent_id: UUID | None = Field(None, description="The category above it; null at the top")
    description: str | None = Field(None, max_length=5000)
    position: Position = 0


class CategoryUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = ""
    slug: Slug = ""
    parent_id: UUID | None = None
    description: str | None = Field(None, max_length=5000)
    position: Position = 0


class CategoryOut(OutSchema):
    """A category."""

    id: UUID
    name: str
    slug: str
    parent_id: UUID | None
    description: str | None
    position: int
    version: int
    created_at: datetime
    updated_at: datetime


class CategoryBranch(OutSchema):
    """A category with those below it."""

    id: UUID
    name: str
    slug: str
    children: list["CategoryBranch"]


class CategoryTree(OutSchema):
    """All categories as a tree."""

    items: list[CategoryBranch]


class CategoryQuery(ListQuery):
    """How to list categories."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name", "position")
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    parent_id: list[UUID] | None = None
    slug: list[str] | None = None
