"""The rows of subscription plans."""

from sqlalchemy import Boolean, CheckConstraint, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base

INTERVALS = "interval IN ('day', 'week', 'month', 'year')"


class SubscriptionPlan(TenantRow, SoftDeleted, Base):
    """A price for each `interval_count` intervals. Subscriptions copy it: changing a plan changes none that began."""

    __tablename__ = "subscription_plans"
    __table_args__ = (
        *list_indexes("subscription_plans", "name", "is_active", "currency", "interval"),
        search_index("payments", "subscription_plans", "name"),
        CheckConstraint(INTERVALS, name="interval"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    interval: Mapped[str]
    interval_count: Mapped[int] = mapped_column(Integer, default=1)
    trial_days: Mapped[int] = mapped_column(Integer, default=0)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))

    amount: Money = money("amount_minor")
