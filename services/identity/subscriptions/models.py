"""Rows of subscriptions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.identity.db import Base


class SubscriptionStatus(StrEnum):
    """Where a subscription stands. In all of them the business has what its plan of now includes."""

    TRIAL = "trial"
    ACTIVE = "active"
    GRACE = "grace"
    ENDED = "ended"


class Subscription(TenantRow, Base):
    """The plan of a business, by its code; one row for each, under the id of the business.

    A business of an earlier release has none yet, and counts as having the default plan.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("tenant_id = id", name="own_row"),
        Index("ix_subscriptions_plan", "plan"),
        Index("ix_subscriptions_next_plan", "next_plan", postgresql_where=text("next_plan IS NOT NULL")),
        Index("ix_subscriptions_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    plan: Mapped[str]
    status: Mapped[str]
    # Since when periods follow each other: the day of the month that a shorter month does not have is kept here.
    anchored_at: Mapped[datetime | None]
    period_starts_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    trial_ends_at: Mapped[datetime | None]
    grace_ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # What follows when the period or the trial ends.
    next_plan: Mapped[str | None]
    # What there was before a trial or a grace ended without payment.
    previous_plan: Mapped[str | None]
    # The plans that were tried already: each can be once.
    tried: Mapped[list[str]] = mapped_column(default=list)
    # When something ends and has to be looked at.
    due_at: Mapped[datetime | None]
