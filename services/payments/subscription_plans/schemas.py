"""Bodies and queries of subscription plans."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.money import Money, Price
from libs.common.schema import OutSchema, PatchSchema, Schema


class Interval(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


PlanName = Annotated[str, Field(min_length=1, max_length=200, examples=["Beans every month"])]
IntervalCount = Annotated[int, Field(ge=1, le=365, description="Intervals in one period")]
TrialDays = Annotated[int, Field(ge=0, le=730, description="Days before the first period, free of charge")]
Description = Annotated[str, Field(max_length=2000)]


class PlanTerms(Schema):
    """What is sold: the price of one unit for each period, and how long a period is."""

    name: PlanName
    amount: Price = Field(description="What one unit costs for one period, before tax")
    interval: Interval = Interval.MONTH
    interval_count: IntervalCount = 1
    trial_days: TrialDays = 0


class SubscriptionPlanCreate(PlanTerms):
    """A new plan; also the whole of it in a PUT."""

    description: Description | None = None
    is_active: bool = Field(True, description="Whether new subscriptions may be sold by it")


class SubscriptionPlanUpdate(PatchSchema):
    """The fields to change; subscriptions that began by the plan keep what they were sold for."""

    name: PlanName = Field(default_factory=str)
    amount: Price = Field(default_factory=lambda: Price(amount=0, currency="ZAR"))
    interval: Interval = Field(default_factory=lambda: Interval.MONTH)
    interval_count: IntervalCount = Field(default_factory=lambda: 1)
    trial_days: TrialDays = Field(default_factory=int)
    description: Description | None = None
    is_active: bool = Field(default_factory=lambda: True)


class SubscriptionPlanOut(OutSchema):
    """A plan that subscriptions are sold by."""

    id: UUID
    name: str
    description: str | None
    amount: Money
    interval: Interval
    interval_count: int
    trial_days: int
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SubscriptionPlanQuery(ListQuery):
    """How to list plans."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    name: list[str] | None = None
    is_active: bool | None = None
    currency: list[str] | None = None
    interval: list[Interval] | None = None
