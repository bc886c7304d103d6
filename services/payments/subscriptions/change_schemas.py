"""Bodies of changes of subscriptions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.common.money import Money
from libs.common.schema import OutSchema, Schema
from services.payments.subscription_plans.schemas import Interval, PlanTerms
from services.payments.subscriptions.schemas import Quantity, When


class Proration(StrEnum):
    """What becomes of the rest of the period: on the next invoice, on one of its own at once, or nothing."""

    NEXT_INVOICE = "next_invoice"
    NOW = "now"
    NONE = "none"


class SubscriptionChange(Schema):
    """Another plan, another quantity, or both. What it is already takes back a change that waits."""

    plan_id: UUID | None = Field(None, description="Another plan, or else `plan`")
    plan: PlanTerms | None = Field(
        None, description="Other terms, or else `plan_id`; a trial in them has passed"
    )
    quantity: Quantity | None = None
    when: When = When.NOW
    proration: Proration = Field(
        Proration.NEXT_INVOICE,
        description="Where it takes effect now: the rest of the period is credited at the old price and charged at the "
        "new one, on the next invoice, on one of its own (`now`), or not at all. A credit waits for the next invoice",
    )
    proration_at: AwareDatetime | None = Field(
        None, description="From when the rest is counted, as a preview said; of the last hour. Now by default"
    )


class ProrationLine(OutSchema):
    """What the rest of the period is credited or charged with: rounded down, with the remainder of the division.

    |amount| * period_seconds + remainder = price * rest_seconds, in minor units.
    """

    kind: str = Field(description="credit (negative) or charge", examples=["credit"])
    description: str
    amount: Money
    price: Money = Field(description="Of the whole period")
    rest_seconds: int
    period_seconds: int
    remainder: int


class ForecastLine(OutSchema):
    """A line of an invoice to come."""

    description: str
    quantity: int
    unit_price: Money
    total: Money


class Forecast(OutSchema):
    """An invoice to come, as things are now."""

    bills_at: datetime
    lines: list[ForecastLine]
    subtotal: Money
    tax: Money
    total: Money


class ChangePreview(OutSchema):
    """What a change would do. Nothing has been changed."""

    takes_effect_at: datetime
    proration_at: datetime
    amount: Money = Field(description="Of a whole period, afterwards, before tax")
    interval: Interval
    interval_count: int
    lines: list[ProrationLine]
    credit: Money
    charge: Money
    net: Money = Field(description="charge - credit")
    next_invoice: Forecast | None = Field(description="The next one; none where none follows")
