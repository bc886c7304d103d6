"""Rows of plans."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from services.identity.db import Base


class Period(StrEnum):
    """For how long a price is."""

    MONTH = "month"
    YEAR = "year"


class Plan(TenantRow, SoftDeleted, Base):
    """A plan of the platform, kept with the operator; subscriptions name it by its code, for good."""

    __tablename__ = "plans"
    __table_args__ = (
        *list_indexes("plans", order=("rank",)),
        Index("uq_plans_code", "tenant_id", "code", unique=True),
    )

    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    features: Mapped[list[str]] = mapped_column(default=list)
    # How much there may be at one time, and how much in a calendar month; what is not named has no limit.
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    quotas: Mapped[dict[str, Any]] = mapped_column(default=dict)
    price_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    period: Mapped[str] = mapped_column(default=Period.MONTH)
    trial_days: Mapped[int] = mapped_column(Integer, default=0)
    grace_days: Mapped[int] = mapped_column(Integer, default=7)
    # The plan that follows a trial or a grace that ends without payment; that of the settings where none is named.
    fallback: Mapped[str | None]
    is_public: Mapped[bool] = mapped_column(default=True)
    rank: Mapped[int] = mapped_column(Integer, default=0)

    @property
    def amounts(self) -> dict[str, int]:
        """Limits and quotas by code."""
        return {**self.limits, **self.quotas}

    def takes_away(self, other: "Plan") -> bool:
        """Whether who has the other plan would lose something by changing to this one."""
        if not set(other.features) <= set(self.features):
            return True
        allowed = other.amounts
        return any(code not in allowed or most < allowed[code] for code, most in self.amounts.items())
