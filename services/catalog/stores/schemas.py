"""Bodies and queries of stores."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Main warehouse"])]
Code = Annotated[str, Field(min_length=1, max_length=50, examples=["CPT-1"])]


class StoreCreate(Schema):
    """A new store; also the whole of it in a PUT. The first store is the default in any case."""

    name: Name
    code: Code | None = None
    address: str | None = Field(None, max_length=500)
    is_default: bool = Field(False, description="Takes the place of the present default")


class StoreUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = ""
    code: Code | None = None
    address: str | None = Field(None, max_length=500)
    is_default: bool = False


class StoreOut(OutSchema):
    """A store."""

    id: UUID
    name: str
    code: str | None
    address: str | None
    is_default: bool
    version: int
    created_at: datetime
    updated_at: datetime


class StoreQuery(ListQuery):
    """How to list stores."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "code")

    code: list[str] | None = None
    is_default: bool | None = None
