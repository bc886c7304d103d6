"""Rows of recipients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from services.notifications.db import Base


class Recipient(Base):
    """A member of a business as identity last told of him; one who left stays as an inactive row.

    `changed_at` is the time of the event that was applied last, so that a late one is told apart.
    """

    __tablename__ = "recipients"
    __table_args__ = (
        # Clients of a shop are many, its staff are few.
        Index("ix_recipients_staff", "tenant_id", postgresql_where=text("is_staff AND active")),
        Index("ix_recipients_user_id", "user_id"),
        *person_indexes("notifications", "recipients", address="email"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    roles: Mapped[list[str]] = mapped_column(default=list)
    is_staff: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool]
    changed_at: Mapped[datetime]
