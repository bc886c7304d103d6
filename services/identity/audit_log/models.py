"""Rows of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import search_index
from libs.common.ids import new_id
from services.identity.db import Base


def _by(*columns: str) -> Index:
    return Index(f"ix_audit_log_{'_'.join(columns) or 'time'}", "tenant_id", *columns, "time", "id")


class AuditEntry(Base):
    """That somebody did something. The database refuses to change or remove a row."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("uq_audit_log_event_id", "tenant_id", "event_id", unique=True),
        _by(),
        _by("actor_id"),
        _by("action"),
        _by("resource"),
        _by("resource_id"),
        _by("service"),
        _by("request_id"),
        search_index("identity", "audit_log", "action", "resource", "resource_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    time: Mapped[datetime]
    event_id: Mapped[UUID]
    # `user:<id>`, `api_key:<id>`, `guest` or `system:<service>`.
    actor: Mapped[str | None]
    actor_id: Mapped[UUID | None]
    service: Mapped[str]
    action: Mapped[str]
    resource: Mapped[str]
    resource_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]
