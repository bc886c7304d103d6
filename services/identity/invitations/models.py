"""Rows of invitations."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.identity.db import Base


class InvitationStatus(StrEnum):
    """Where an invitation stands. Only a pending one can be accepted."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Invitation(TenantRow, Base):
    """That an address was asked to join. Its token is kept nowhere: it is made from id and serial (see `tokens`)."""

    __tablename__ = "invitations"
    __table_args__ = (
        *list_indexes("invitations", "status", "email"),
        search_index("identity", "invitations", "email"),
        Index(
            "uq_invitations_pending",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_invitations_expires_at", "expires_at", postgresql_where=text("status = 'pending'")),
        *person_indexes("identity", "invitations", address="email"),
    )

    email: Mapped[str]
    roles: Mapped[list[str]]
    department_id: Mapped[UUID | None]
    locale: Mapped[str]
    status: Mapped[str]
    # Grows with each mail: the token of the mail before is good no more.
    serial: Mapped[int] = mapped_column(Integer, default=1)
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    invited_by_id: Mapped[UUID | None]
    invited_by_name: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[UUID | None]
