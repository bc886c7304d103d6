"""Rows of registrations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from libs.common.db.search import search_index
from services.identity.db import Base


class RegistrationStatus(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"


class Registration(TenantRow, Base):
    """An application to join the platform; a row of the business that applies."""

    __tablename__ = "registrations"
    __table_args__ = (
        search_index("identity", "registrations", "company_name", "owner_email", everywhere=True),
        Index("uq_registrations_tenant_id", "tenant_id", unique=True),
        # Staff review over all businesses, so these do not begin with the tenant.
        Index("ix_registrations_id", "id"),
        Index("ix_registrations_created_at", "created_at", "id"),
        Index("ix_registrations_updated_at", "updated_at", "id"),
        Index("ix_registrations_status", "status", "created_at", "id"),
        Index("ix_registrations_product", "product", "created_at", "id"),
    )

    status: Mapped[str] = mapped_column(default=RegistrationStatus.SUBMITTED)
    company_name: Mapped[str]
    business: Mapped[dict[str, Any]]
    product: Mapped[str]
    referral_code: Mapped[str | None]
    owner_user_id: Mapped[UUID]
    owner_email: Mapped[str]
    # What the applicant is to change, or why it was turned down.
    reason: Mapped[str | None]
    # When the deciding fact happened: an older fact that arrives later changes nothing.
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    @property
    def company_id(self) -> UUID:
        """The business that applies."""
        return self.tenant_id
