"""Rows of memos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.crm.db import Base


class MemoRecipient(Base):
    """That a memo is for a colleague, and when he read it."""

    __tablename__ = "memo_recipients"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "memo_id"], ["crm.memos.tenant_id", "crm.memos.id"]),
        Index("ix_memo_recipients_user_id", "tenant_id", "user_id", "memo_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    memo_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    read_at: Mapped[datetime | None]


class Memo(TenantRow, SoftDeleted, Base):
    """A notice to colleagues."""

    __tablename__ = "memos"
    __table_args__ = (
        *list_indexes("memos", "author_id", order=("updated_at",)),
        search_index("crm", "memos", "name", "text"),
        *person_indexes("crm", "memos", "author_id"),
    )

    name: Mapped[str]
    text: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]

    recipients: Mapped[list[MemoRecipient]] = relationship(
        cascade="all, delete-orphan", order_by=MemoRecipient.user_id, lazy="selectin"
    )
