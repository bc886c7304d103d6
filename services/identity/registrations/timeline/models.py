"""Rows of the timeline of applications."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.identity.db import Base


class TimelineEntry(TenantRow, Base):
    """Something that happened to an application. Never changed; `is_public` ones show to the applicant."""

    __tablename__ = "registration_timeline"
    __table_args__ = (
        Index("ix_registration_timeline_created_at", "tenant_id", "registration_id", "created_at", "id"),
        Index("ix_registration_timeline_kind", "tenant_id", "registration_id", "kind", "created_at", "id"),
    )

    registration_id: Mapped[UUID]
    kind: Mapped[str]
    # As an envelope names it, and whose right was used where it was another's.
    actor: Mapped[str]
    on_behalf_of_id: Mapped[UUID | None]
    is_public: Mapped[bool]
    message: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
