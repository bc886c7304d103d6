"""Bodies and queries of the audit log."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema


class AuditEntryOut(OutSchema):
    """That somebody did something."""

    id: UUID
    time: datetime
    actor: str | None = Field(
        description="`user:<id>`, `api_key:<id>`, `guest` or `system:<service>`; where somebody acted as another, "
        "`user:<who really acted>/as:<whom as>`"
    )
    actor_id: UUID | None
    tenant_id: UUID
    service: str
    action: str = Field(description="The verb of a change, or the wire name of another fact")
    resource: str
    resource_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    event_id: UUID


class AuditLogQuery(ListQuery):
    """How to list the audit log."""

    orderable: ClassVar[tuple[str, ...]] = ("time",)
    default_order: ClassVar[str] = "-time"
    searchable: ClassVar[tuple[str, ...]] = ("action", "resource", "resource_id")

    actor_id: list[UUID] | None = None
    action: list[str] | None = None
    resource: list[str] | None = None
    resource_id: str | None = None
    service: list[str] | None = None
    request_id: str | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None
