"""What lists of price recommendations are asked for, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.money import Money
from libs.common.pagination import Page
from libs.common.schema import OutSchema
from services.analytics.insights.evidence import Backtest, Interval, Refusal


class Action(StrEnum):
    """What to do with a price; `refused` where nothing can be said."""

    RAISE = "raise"
    LOWER = "lower"
    KEEP = "keep"
    REFUSED = "refused"


class PriceRecommendationQuery(ListQuery):
    """How to list price recommendations."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "gain", "computed_at")
    default_order: ClassVar[str] = "-gain"
    searchable: ClassVar[tuple[str, ...]] = ("sku", "name")

    action: list[Action] | None = None
    product_id: list[UUID] | None = None
    variant_id: list[UUID] | None = None


class PoolEvidence(OutSchema):
    """What the estimates of the business have in common, on which each of them leans."""

    elasticity: float
    standard_error: float
    between: Annotated[float, Field(description="Standard deviation of the true values")]
    variants: int
    weight: Annotated[float, Field(description="The share of this estimate that comes from the pool")]


class PriceEvidence(OutSchema):
    """What a recommendation rests on: past weeks, at the prices that happened to be asked."""

    weeks: Annotated[int, Field(description="Complete weeks since the first sale, two years at most")]
    price_weeks: Annotated[int, Field(description="Weeks with a sale, and so with a price that was paid")]
    price_low: Money
    price_high: Money
    price_variation: Annotated[float, Field(description="(price_high - price_low) / the usual price")]
    elasticity: Annotated[
        float | None, Field(description="By how many percent more is sold at a price one percent higher")
    ] = None
    interval: Annotated[Interval | None, Field(description="Of the elasticity")] = None
    own_elasticity: Annotated[float | None, Field(description="Before it leant on the pool")] = None
    own_standard_error: float | None = None
    pool: PoolEvidence | None = None
    backtest: Backtest | None = None
    is_observational: Annotated[
        bool,
        Field(
            description="Prices were not set by chance: what else changed with them may be in the estimate"
        ),
    ] = True
    method: str


class Expected(OutSchema):
    """What the recommended price is expected to change, as shares: 0.1 is a tenth more revenue a week."""

    revenue_change: float
    interval: Interval
    weekly_gain: Money


class PriceRecommendationOut(OutSchema):
    """What past sales say of the price of one variant."""

    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    action: Action
    current_price: Money
    recommended_price: Money | None
    change: Annotated[float | None, Field(description="recommended_price / current_price - 1")]
    objective: Annotated[str, Field(examples=["revenue"], description="What the price is best for")]
    is_cost_known: Annotated[
        bool, Field(description="Without the cost, most revenue need not be most profit")
    ]
    confidence: Annotated[str | None, Field(examples=["medium"], description="low, medium or high")]
    expected: Expected | None
    evidence: PriceEvidence
    refused: Refusal | None
    explanation: str
    computed_at: datetime


class PriceRecommendationPage(Page[PriceRecommendationOut]):
    """One page of price recommendations, and what the last run came to."""

    as_of: Annotated[datetime | None, Field(description="When prices were last looked at")]
    refused: Refusal | None
