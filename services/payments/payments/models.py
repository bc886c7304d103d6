"""The rows of payments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base


class Payment(TenantRow, Base):
    """One attempt to be paid for an order; an order has at most one that is pending.

    `check_at` is when the provider is asked what became of a pending one that no webhook has settled.
    """

    __tablename__ = "payments"
    __table_args__ = (
        *list_indexes(
            "payments",
            "order_id",
            "status",
            "provider",
            "account_id",
            "customer_user_id",
            "email",
            "order_number",
            "currency",
            order=("amount_minor",),
        ),
        search_index("payments", "payments", "order_number", "email", "customer_name"),
        Index("ix_payments_checkout_id", "tenant_id", "account_id", "checkout_id"),
        Index("ix_payments_check_at", "check_at", postgresql_where=text("status = 'pending'")),
        Index(
            "uq_payments_pending",
            "tenant_id",
            "order_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        *person_indexes("payments", "payments", "customer_user_id", address="email"),
    )

    order_id: Mapped[UUID]
    order_number: Mapped[str]
    account_id: Mapped[UUID]
    provider: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    amount_minor: Mapped[int]
    currency: Mapped[str]
    refunded_minor: Mapped[int] = mapped_column(default=0)
    email: Mapped[str | None]
    customer_user_id: Mapped[UUID | None]
    customer_name: Mapped[str | None]
    merchant_name: Mapped[str]
    return_url: Mapped[str | None]
    checkout_id: Mapped[str | None]
    provider_payment_id: Mapped[str | None]
    redirect_url: Mapped[str | None]
    instructions: Mapped[dict[str, Any] | None]
    failure_reason: Mapped[str | None]
    suspicion: Mapped[str | None]
    succeeded_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(Integer, default=0)

    amount: Money = money("amount_minor")
    refunded: Money = money("refunded_minor")

    @property
    def is_open(self) -> bool:
        """Whether the provider has opened its page (or given its instructions) for this payment."""
        return self.checkout_id is not None
