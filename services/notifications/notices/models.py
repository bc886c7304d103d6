"""Rows of notices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from libs.common.db.search import person_indexes, search_index
from services.notifications.db import Base

# What an inbox shows of its notices, each found without the others.
UNREAD = "read_at IS NULL AND archived_at IS NULL"
READ = "read_at IS NOT NULL AND archived_at IS NULL"
INBOX = "archived_at IS NULL"
ARCHIVED = "archived_at IS NOT NULL"


class Notice(TenantRow, Base):
    """One entry of a user's inbox.

    `seq` grows over the whole table and is the event id on the stream. Of one user, notices commit in the order of
    their `seq` (see `NoticeRepository.insert`), so "after `seq`" misses nothing.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_type", "tenant_id", "user_id", "type", "created_at", "id"),
        Index("ix_notifications_seq", "tenant_id", "user_id", "seq"),
        Index(
            "ix_notifications_unread",
            "tenant_id",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text(UNREAD),
        ),
        *(
            Index(
                f"ix_notifications_{name}",
                "tenant_id",
                "user_id",
                "created_at",
                "id",
                postgresql_where=text(condition),
            )
            for name, condition in (("inbox", INBOX), ("read", READ), ("archived", ARCHIVED))
        ),
        search_index("notifications", "notifications", "title", "body", owner="user_id"),
        Index("uq_notifications_dedupe_key", "tenant_id", "dedupe_key", unique=True),
        *person_indexes("notifications", "notifications", "user_id"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    user_id: Mapped[UUID]
    type: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str | None]
    object_type: Mapped[str | None]
    object_id: Mapped[str | None]
    dedupe_key: Mapped[str]
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
