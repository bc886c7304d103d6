"""What the simulator remembers: checkouts, refunds, and the webhooks it owes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.payments.columns import money
from services.payments.db import Base


class SandboxCheckout(TenantRow, Base):
    """A payment opened at the simulator; `code` is its public name. A decided one never changes again."""

    __tablename__ = "sandbox_checkouts"
    __table_args__ = (
        Index("ix_sandbox_checkouts_code", "code"),
        Index(
            "uq_sandbox_checkouts_idempotency_key", "tenant_id", "account_id", "idempotency_key", unique=True
        ),
    )

    account_id: Mapped[UUID]
    code: Mapped[str]
    idempotency_key: Mapped[str]
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reference: Mapped[str]
    status: Mapped[str] = mapped_column(default="created")
    amount_minor: Mapped[int]
    currency: Mapped[str]
    refunded_minor: Mapped[int] = mapped_column(default=0)
    description: Mapped[str]
    merchant_name: Mapped[str]
    return_url: Mapped[str | None]
    payment_code: Mapped[str | None]
    reason: Mapped[str | None]

    amount = money("amount_minor")


class SandboxRefund(TenantRow, Base):
    """Pretend money that was given back."""

    __tablename__ = "sandbox_refunds"
    __table_args__ = (
        Index(
            "uq_sandbox_refunds_idempotency_key", "tenant_id", "checkout_id", "idempotency_key", unique=True
        ),
    )

    checkout_id: Mapped[UUID]
    code: Mapped[str]
    idempotency_key: Mapped[str]
    reference: Mapped[str]
    status: Mapped[str] = mapped_column(default="succeeded")
    amount_minor: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str | None]


class SandboxDelivery(TenantRow, Base):
    """A webhook that is owed, with its frozen body, until it is delivered or given up."""

    __tablename__ = "sandbox_deliveries"
    __table_args__ = (
        Index(
            "ix_sandbox_deliveries_due",
            "next_attempt_at",
            postgresql_where=text("delivered_at IS NULL AND given_up_at IS NULL"),
        ),
    )

    account_id: Mapped[UUID]
    message_id: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    last_answer: Mapped[str | None]
