"""Rows of tenants."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from libs.common.db.search import search_index
from services.identity.db import Base


class TenantStatus(StrEnum):
    """Where a business stands. Only an active one trades."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    CLOSED = "closed"


class Tenant(TenantRow, Base):
    """A business on the platform. It is a row of itself: `tenant_id` is its own id, so isolation holds for it too."""

    __tablename__ = "tenants"
    __table_args__ = (
        search_index("identity", "tenants", "name", "slug", everywhere=True),
        CheckConstraint("tenant_id = id", name="own_row"),
        # The slug names a business on the whole platform.
        Index("uq_tenants_slug", "slug", unique=True),
        # Staff list over all businesses, so these do not begin with the tenant.
        Index("ix_tenants_created_at", "created_at", "id"),
        Index("ix_tenants_updated_at", "updated_at", "id"),
        Index("ix_tenants_name", "name", "id"),
        Index("ix_tenants_status", "status", "created_at", "id"),
        Index(
            "ix_tenants_kept_until",
            "kept_until",
            postgresql_where=text("status = 'closed' AND erasure_due_at IS NULL"),
        ),
        Index(
            "ix_tenants_to_be_erased",
            "kept_until",
            postgresql_where=text("status = 'closed' AND erased_at IS NULL"),
        ),
        Index("ix_tenants_country", "country", "created_at", "id"),
        # Applications are looked at for another business of the same number.
        Index(
            "ix_tenants_registration_number",
            "registration_number",
            postgresql_where=text("registration_number IS NOT NULL"),
        ),
    )

    name: Mapped[str]
    slug: Mapped[str]
    status: Mapped[str] = mapped_column(default=TenantStatus.PENDING)
    status_reason: Mapped[str | None]
    country: Mapped[str | None]
    currency: Mapped[str]
    registration_number: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]
    industry: Mapped[str | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # What it asks of the sign-ins of those who work in it (see `sign_in_policies`).
    sign_in_policy: Mapped[dict[str, Any] | None]
    activated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # Until when a closed business can be opened again; when it was then marked for its data to be erased, and they were.
    kept_until: Mapped[datetime | None]
    erasure_due_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
