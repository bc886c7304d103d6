"""Bodies of subscriptions."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from libs.common.money import Money
from libs.common.schema import OutSchema, Schema
from services.identity.plans.models import Period
from services.identity.subscriptions.models import SubscriptionStatus


class When(StrEnum):
    """When a change of plan takes effect."""

    NOW = "now"
    PERIOD_END = "period_end"


class ChangePlan(Schema):
    """Another plan. The one of now takes back a change that waits for the end of the period."""

    plan: str = Field(min_length=1, max_length=100, description="Its code or id", examples=["starter"])
    when: When | None = Field(
        None, description="By default now for more, and at the end of the period for less"
    )


class Payment(Schema):
    """What became of the payment for a plan."""

    outcome: Literal["failed", "received"]


class SubscriptionOut(OutSchema):
    """The plan of a business, and what it may use."""

    company_id: UUID
    plan: str
    plan_name: str
    status: SubscriptionStatus
    features: list[str]
    limits: dict[str, int]
    quotas: dict[str, int]
    price: Money
    period: Period
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    trial_ends_at: datetime | None
    grace_ends_at: datetime | None
    ended_at: datetime | None
    next_plan: str | None
    next_plan_at: datetime | None
    previous_plan: str | None
