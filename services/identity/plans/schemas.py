"""Bodies and queries of plans."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from libs.common.filters import ListQuery
from libs.common.money import Money, Price
from libs.common.schema import OutSchema, PatchSchema, Schema
from libs.contracts.features import FEATURES
from services.identity.plans.models import Period


def _known(code: str) -> str:
    if code not in FEATURES:
        raise ValueError(f"must be one of {', '.join(sorted(FEATURES))}")
    return code


PlanCode = Annotated[
    str, Field(pattern="^[a-z][a-z0-9_-]{0,58}[a-z0-9]$", description="For good", examples=["starter"])
]
Feature = Annotated[str, Field(max_length=60, examples=["integrations.api_keys"]), AfterValidator(_known)]
Features = Annotated[list[Feature], Field(max_length=100)]
UsageCode = Annotated[
    str, Field(pattern=r"^[a-z][a-z_]{0,40}(\.[a-z_]{1,60})?$", examples=["catalog.products"])
]
Amounts = Annotated[dict[UsageCode, Annotated[int, Field(ge=0, le=1_000_000_000)]], Field(max_length=50)]
Days = Annotated[int, Field(ge=0, le=365)]
_LIMITS = "How much of what there may be at one time, by code; what is not named has no limit"
_QUOTAS = "How much of what may be done in a calendar month (UTC), by code"


class PlanCreate(Schema):
    """A new plan."""

    code: PlanCode
    name: str = Field(min_length=1, max_length=100, examples=["Starter"])
    description: str | None = Field(None, max_length=1000)
    features: Features = Field(default_factory=list)
    limits: Amounts = Field(default_factory=dict, description=_LIMITS, examples=[{"catalog.products": 100}])
    quotas: Amounts = Field(
        default_factory=dict, description=_QUOTAS, examples=[{"notifications.messages": 1000}]
    )
    price: Price = Field(default=Price(amount=0, currency="ZAR"), description="Of one period")
    period: Period = Period.MONTH
    trial_days: Days = 0
    grace_days: Days = Field(7, description="For how long it goes on after a payment failed")
    fallback: PlanCode | None = Field(
        None,
        description="The plan that follows a trial or grace without payment; the platform's own where absent",
    )
    is_public: bool = Field(True, description="Whether businesses can choose it themselves")
    rank: Annotated[int, Field(ge=0, le=10_000)] = Field(0, description="Its place among the plans")


class PlanUpdate(PatchSchema):
    """The fields to change; what businesses that have the plan may use changes at once."""

    name: str = Field("", min_length=1, max_length=100)
    description: str | None = Field(None, max_length=1000)
    features: Features = Field(default_factory=list)
    limits: Amounts = Field(default_factory=dict, description=_LIMITS)
    quotas: Amounts = Field(default_factory=dict, description=_QUOTAS)
    price: Price = Price(amount=0, currency="ZAR")
    period: Period = Period.MONTH
    trial_days: Days = 0
    grace_days: Days = 7
    fallback: PlanCode | None = None
    is_public: bool = True
    rank: Annotated[int, Field(ge=0, le=10_000)] = 0


class PlanReplace(Schema):
    """All fields that can be changed; the code may be repeated."""

    code: PlanCode | None = None
    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(None, max_length=1000)
    features: Features
    limits: Amounts = Field(default_factory=dict, description=_LIMITS)
    quotas: Amounts = Field(default_factory=dict, description=_QUOTAS)
    price: Price
    period: Period = Period.MONTH
    trial_days: Days = 0
    grace_days: Days = 7
    fallback: PlanCode | None = None
    is_public: bool = True
    rank: Annotated[int, Field(ge=0, le=10_000)] = 0


class PlanOut(OutSchema):
    """A plan: what it includes, how much of it, and what it costs."""

    id: UUID
    code: str
    name: str
    description: str | None
    features: list[str]
    limits: dict[str, int]
    quotas: dict[str, int]
    price: Money
    period: Period
    trial_days: int
    grace_days: int
    fallback: str | None
    is_public: bool
    is_default: bool
    rank: int
    version: int
    created_at: datetime
    updated_at: datetime


class PlanQuery(ListQuery):
    """How to list plans."""

    orderable: ClassVar[tuple[str, ...]] = ("rank", "created_at")
    default_order: ClassVar[str] = "rank"
    searchable: ClassVar[tuple[str, ...]] = ("code", "name", "description")


class FeatureOut(OutSchema):
    """Something that a plan can include."""

    code: str
    name: str
    description: str
    is_included: bool = Field(description="Whether the business acted in has it now")
    plans: list[str] = Field(description="The codes of the plans that include it")
    operations: list[str] = Field(
        description="What asks for it; none where nothing of it is there yet",
        examples=[["POST /api/v1/suppliers"]],
    )


class OfferingOut(OutSchema):
    """The plans that have something."""

    plans: list[str]
