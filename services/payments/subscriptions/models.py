"""The rows of subscriptions, and of what changes within a period add to their next invoice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base
from services.payments.subscription_plans.models import INTERVALS


class Subscription(TenantRow, SoftDeleted, Base):
    """What a customer is billed for each period: `quantity` units at `amount_minor`, by the terms of its plan.

    `period` counts the periods billed so far; the n-th after `anchored_period` begins n intervals after `anchor_at`.
    `due_at` is when something about it has to be done next: a period begins, a trial ends, a reminder is due.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        *list_indexes(
            "subscriptions",
            "status",
            "plan_id",
            "customer_user_id",
            "email",
            "cancel_at_period_end",
            order=("next_billing_at",),
        ),
        search_index("payments", "subscriptions", "customer_name", "email", "plan_name"),
        Index("ix_subscriptions_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        *person_indexes("payments", "subscriptions", "customer_user_id", address="email"),
        CheckConstraint(
            "status IN ('scheduled', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'cancelled', 'ended')",
            name="status",
        ),
        CheckConstraint(INTERVALS, name="interval"),
    )

    status: Mapped[str]
    customer_name: Mapped[str]
    email: Mapped[str]
    customer_user_id: Mapped[UUID | None]
    billing_address: Mapped[dict[str, Any] | None]
    plan_id: Mapped[UUID | None]
    plan_name: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    interval: Mapped[str]
    interval_count: Mapped[int] = mapped_column(Integer)
    trial_days: Mapped[int] = mapped_column(Integer, default=0)
    quantity: Mapped[int] = mapped_column(default=1)
    tax_rate_ppm: Mapped[int] = mapped_column(Integer, default=0)
    due_days: Mapped[int] = mapped_column(Integer)
    cycles: Mapped[int | None] = mapped_column(Integer)
    dunning: Mapped[dict[str, Any]]
    notes: Mapped[str | None]
    starts_at: Mapped[datetime]
    trial_ends_at: Mapped[datetime | None]
    anchor_at: Mapped[datetime | None]
    anchored_period: Mapped[int] = mapped_column(Integer, default=0)
    period: Mapped[int] = mapped_column(Integer, default=0)
    current_period_start: Mapped[datetime | None]
    current_period_end: Mapped[datetime | None]
    # When the price last changed within the period: no later change is counted from before.
    priced_at: Mapped[datetime | None]
    next_billing_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool] = mapped_column(Boolean, default=False)
    cancel_reason: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    resumes_at: Mapped[datetime | None]
    pending_change: Mapped[dict[str, Any] | None]
    # The invoice that its customer is reminded of, and how many reminders have been sent.
    dunning_invoice_id: Mapped[UUID | None]
    dunning_step: Mapped[int] = mapped_column(Integer, default=0)
    latest_invoice_id: Mapped[UUID | None]
    # The last version that billing has made by itself, and the one that somebody had made before.
    billed_version: Mapped[int | None] = mapped_column(Integer)
    unbilled_version: Mapped[int | None] = mapped_column(Integer)

    @property
    def versions_alike(self) -> range:
        """The versions since somebody has changed it last: billing alone has made one of the other.

        Where the last one is not of billing it is the only one.
        """
        first = self.unbilled_version if self.version == self.billed_version else None
        return range(self.version if first is None else first, self.version + 1)

    @property
    def price(self) -> int:
        """What one whole period costs before tax, in minor units."""
        return self.amount_minor * self.quantity

    @property
    def amount(self) -> Money:
        """What one whole period costs before tax."""
        return Money(amount=self.price, currency=self.currency)

    @property
    def customer(self) -> dict[str, Any]:
        """Who is billed."""
        return {"name": self.customer_name, "email": self.email, "user_id": self.customer_user_id}

    @property
    def plan(self) -> dict[str, Any]:
        """What it was sold for."""
        return {
            "id": self.plan_id,
            "name": self.plan_name,
            "amount": Money(amount=self.amount_minor, currency=self.currency),
            "interval": self.interval,
            "interval_count": self.interval_count,
            "trial_days": self.trial_days,
        }


class Adjustment(TenantRow, Base):
    """A line that a change within a period adds to the next invoice: a credit (negative), or a charge.

    |amount| * period_seconds + remainder = price * rest_seconds; of what is `carried` from one invoice to the next,
    nothing is divided. `invoice_id` says which invoice it stands on.
    """

    __tablename__ = "subscription_adjustments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["payments.subscriptions.tenant_id", "payments.subscriptions.id"],
        ),
        Index(
            "ix_subscription_adjustments_open",
            "tenant_id",
            "subscription_id",
            "id",
            postgresql_where=text("invoice_id IS NULL"),
        ),
        CheckConstraint("kind IN ('credit', 'charge', 'carried')", name="kind"),
    )

    subscription_id: Mapped[UUID]
    kind: Mapped[str]
    description: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    price_minor: Mapped[int]
    rest_seconds: Mapped[int]
    period_seconds: Mapped[int]
    remainder: Mapped[int]
    period: Mapped[int] = mapped_column(Integer)
    invoice_id: Mapped[UUID | None]

    amount: Money = money("amount_minor")
