"""Bodies and queries of domains."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema

Host = Annotated[
    str,
    Field(
        max_length=253,
        # RFC 1123: at least two labels of letters, digits and inner hyphens.
        pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?$",
        examples=["shop.karoo-coffee.example"],
    ),
]


class DomainCreate(Schema):
    """A host name to be reached under."""

    host: Host


class DomainOut(OutSchema):
    """A host name of a business."""

    id: UUID
    host: str
    version: int
    created_at: datetime
    updated_at: datetime


class DomainQuery(ListQuery):
    """How to list domains."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("host",)
