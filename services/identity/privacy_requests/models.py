"""Rows of privacy requests, and of the receipts of the services."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class RequestKind(StrEnum):
    """What is asked for."""

    EXPORT = "export"
    ERASURE = "erasure"
    # Of a business that has closed, with all that it has.
    CLOSING = "closing"


class RequestStatus(StrEnum):
    """How far it is. An export expires: what it had collected is removed.

    One about a business is `running`, not `pending`: the release before, which does not know of them, leaves it alone.
    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    EXPIRED = "expired"


class ReceiptStatus(StrEnum):
    """Whether a service has done its part."""

    PENDING = "pending"
    DONE = "done"


class PrivacyRequest(TenantRow, Base):
    """That the data of a person is to be handed out or erased, or those of the business itself.

    With `user_id` a person on the whole platform is meant, without it a customer of this business by address. Once an
    erasure is complete, `email` is the pseudonym; of one about the business it is empty.
    """

    __tablename__ = "privacy_requests"
    __table_args__ = (
        *list_indexes("privacy_requests", "kind", "status"),
        search_index("identity", "privacy_requests", "email", "reason"),
        Index("ix_privacy_requests_due", "next_try_at", postgresql_where=text("status = 'pending'")),
        Index("ix_privacy_requests_closing_due", "next_try_at", postgresql_where=text("status = 'running'")),
        Index("ix_privacy_requests_expires_at", "expires_at", postgresql_where=text("status = 'completed'")),
    )

    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=RequestStatus.PENDING)
    user_id: Mapped[UUID | None]
    email: Mapped[str]
    reason: Mapped[str | None]
    requested_by_id: Mapped[UUID | None]
    next_try_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class PrivacyReceipt(TenantRow, Base):
    """What one service has done of a request.

    It goes by steps: `step` of them are done, and the next one begins at `place`. What it knows is in the parts of an
    export (`PrivacyPart`), `rows` of them in all; exports of the release before have all of it in `sealed_part`.
    """

    __tablename__ = "privacy_receipts"
    __table_args__ = (
        Index("uq_privacy_receipts_service", "tenant_id", "request_id", "service", unique=True),
        ForeignKeyConstraint(
            ["tenant_id", "request_id"],
            [PrivacyRequest.tenant_id, PrivacyRequest.id],
            name="fk_privacy_receipts_request_id",
            ondelete="CASCADE",
        ),
    )

    request_id: Mapped[UUID]
    service: Mapped[str]
    status: Mapped[str] = mapped_column(default=ReceiptStatus.PENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None]
    erased: Mapped[int] = mapped_column(default=0)
    pseudonymised: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    done_at: Mapped[datetime | None]
    sealed_part: Mapped[str | None]
    step: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    place: Mapped[dict[str, Any] | None]
    rows: Mapped[int] = mapped_column(default=0, server_default="0")


class PrivacyPart(TenantRow, Base):
    """What one service knows of a person, as one step has found it: JSON under the key ring."""

    __tablename__ = "privacy_parts"
    __table_args__ = (
        Index("uq_privacy_parts_step", "tenant_id", "receipt_id", "step", unique=True),
        ForeignKeyConstraint(
            ["tenant_id", "receipt_id"],
            [PrivacyReceipt.tenant_id, PrivacyReceipt.id],
            name="fk_privacy_parts_receipt_id",
            ondelete="CASCADE",
        ),
    )

    receipt_id: Mapped[UUID]
    step: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[str]
