"""The rows of refunds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base


class Refund(TenantRow, Base):
    """Money to be given back, or given back. Pending ones count against what is left of the payment.

    `request_key` names the request that made it, `cause` the event; each makes one refund only.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        *list_indexes("refunds", "payment_id", "order_id", "status"),
        ForeignKeyConstraint(
            ["tenant_id", "payment_id"], ["payments.payments.tenant_id", "payments.payments.id"]
        ),
        Index(
            "uq_refunds_request_key",
            "tenant_id",
            "request_key",
            unique=True,
            postgresql_where=text("request_key IS NOT NULL"),
        ),
        Index(
            "uq_refunds_cause", "tenant_id", "cause", unique=True, postgresql_where=text("cause IS NOT NULL")
        ),
        Index("ix_refunds_check_at", "check_at", postgresql_where=text("status = 'pending'")),
        search_index("payments", "refunds", "reason", "failure_reason"),
    )

    payment_id: Mapped[UUID]
    order_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(default="pending")
    amount_minor: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    failure_reason: Mapped[str | None]
    request_key: Mapped[str | None]
    cause: Mapped[str | None]
    provider_refund_id: Mapped[str | None]
    credit_note_id: Mapped[UUID | None]
    succeeded_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(Integer, default=0)

    amount: Money = money("amount_minor")
