"""Bodies and queries of simulated pushes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema


class SandboxMessageOut(OutSchema):
    """A push that the simulator took."""

    id: UUID
    token: str
    title: str
    body: str
    data: dict[str, Any]
    message: dict[str, Any]
    created_at: datetime


class SandboxQuery(ListQuery):
    """How to list simulated pushes."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("title", "body")

    token: list[str] | None = None
