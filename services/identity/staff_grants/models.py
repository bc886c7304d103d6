"""Rows of grants to staff."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from services.identity.db import Base
from services.identity.users.models import User


class StaffGrant(TenantRow, SoftDeleted, Base):
    """That somebody of the operator's staff may act in a business until a time. A deleted one is revoked."""

    __tablename__ = "staff_grants"
    __table_args__ = (
        *list_indexes("staff_grants", "user_id"),
        Index("ix_staff_grants_live", "user_id", "tenant_id", postgresql_where=text("deleted_at IS NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    email: Mapped[str]
    reason: Mapped[str]
    # What it opens at most; of that, what the roles of the person hold.
    permissions: Mapped[list[str]]
    granted_by_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
