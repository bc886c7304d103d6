"""Bodies and queries of subscriptions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, EmailStr, Field, model_validator

from libs.common.filters import ListQuery
from libs.common.money import Money
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.payments.invoices.schemas import BillingAddress
from services.payments.subscription_plans.schemas import Interval, PlanTerms


class SubscriptionStatus(StrEnum):
    """Where a subscription stands.

    scheduled: has not begun. trialing: free of charge. active: billed. past_due: billed, and an invoice is overdue.
    unpaid: not billed any more until its overdue invoices are paid. paused: not billed until it is resumed. cancelled:
    over before its time. ended: over, as all its periods are.
    """

    SCHEDULED = "scheduled"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    ENDED = "ended"


Quantity = Annotated[int, Field(ge=1, le=100_000)]
DueDays = Annotated[int, Field(ge=0, le=365, description="Days until an invoice of it is due")]
TaxRate = Annotated[
    int, Field(ge=0, le=1_000_000, description="Tax on top, in parts per million: 150000 is 15 %")
]
Cycles = Annotated[int, Field(ge=1, le=1200, description="Periods after which it ends; none: it goes on")]
Notes = Annotated[str, Field(max_length=2000)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
DaysAfter = Annotated[int, Field(ge=1, le=365)]


class SubscriptionCustomer(Schema):
    """Who is billed; with a `user_id`, that client sees the subscription and its invoices."""

    name: str = Field(min_length=1, max_length=200, examples=["Thandi Nkosi"])
    email: EmailStr
    user_id: UUID | None = None


class Dunning(Schema):
    """What follows where an invoice is not paid. Days count from the day it was due; each step is done once."""

    reminder_days: list[DaysAfter] = Field(
        max_length=10, description="When the customer is reminded by mail", examples=[[3, 7, 14]]
    )
    final_days: DaysAfter = Field(description="When no more is waited for", examples=[21])
    then: Literal["cancel", "unpaid"] = Field(
        description="What follows then: it is cancelled, or is not billed any more until it is paid"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = self.reminder_days
        if sorted(set(days)) != days or (days and days[-1] > self.final_days):
            raise ValueError("reminder_days must rise, and none may lie after final_days")
        return self


# What stands for a field that was not sent; it is never read.
_NOBODY = SubscriptionCustomer(name="nobody", email="nobody@example.com")
_NOTHING = Dunning(reminder_days=[], final_days=1, then="unpaid")


class SubscriptionCreate(Schema):
    """A new subscription, by a plan or by terms of its own; also the whole of it in a PUT.

    In a PUT, what it was sold for (plan, quantity, begin, trial) may be repeated or left out; `change` changes it.
    """

    customer: SubscriptionCustomer
    plan_id: UUID | None = Field(None, description="The plan it is sold by, or else `plan`")
    plan: PlanTerms | None = Field(None, description="Its own terms, or else `plan_id`")
    quantity: Quantity | None = Field(None, description="1 by default")
    starts_at: AwareDatetime | None = Field(
        None,
        description="Now by default; up to five years ahead, or a year back: each period since is billed, the first few "
        "at once and the others in the seconds that follow",
    )
    trial_days: int | None = Field(None, ge=0, le=730, description="Those of the plan by default")
    due_days: DueDays | None = Field(None, description="PAYMENTS_INVOICE_DUE_DAYS by default")
    tax_rate_ppm: TaxRate = 0
    cycles: Cycles | None = None
    dunning: Dunning | None = Field(None, description="PAYMENTS_DUNNING_* by default")
    billing_address: BillingAddress | None = None
    notes: Notes | None = None


class SubscriptionUpdate(PatchSchema):
    """The fields to change; what was sold is changed by `change`, and takes effect on invoices to come."""

    customer: SubscriptionCustomer = Field(default_factory=lambda: _NOBODY)
    due_days: DueDays = Field(default_factory=int)
    tax_rate_ppm: TaxRate = Field(default_factory=int)
    cycles: Cycles | None = None
    dunning: Dunning = Field(default_factory=lambda: _NOTHING)
    billing_address: BillingAddress | None = None
    notes: Notes | None = None


class When(StrEnum):
    """When something takes effect."""

    NOW = "now"
    PERIOD_END = "period_end"


class SubscriptionCancel(Schema):
    """When it ends, and why."""

    when: When = Field(When.NOW, description="Now, or when what was paid for ends")
    at_period_end: bool | None = Field(None, description="The same as `when`: `period_end` where true")
    reason: Reason | None = None

    @property
    def is_later(self) -> bool:
        """Whether it goes on to the end of its period."""
        return self.when is When.PERIOD_END if self.at_period_end is None else self.at_period_end


class SubscriptionPause(Schema):
    """Until when it is paused; until it is resumed where that is left out."""

    resumes_at: AwareDatetime | None = None


class PlanOfSubscription(OutSchema):
    """What a subscription was sold for."""

    id: UUID | None
    name: str
    amount: Money
    interval: Interval
    interval_count: int
    trial_days: int


class CustomerOfSubscription(OutSchema):
    """Who is billed."""

    name: str
    email: str
    user_id: UUID | None


class PendingChange(OutSchema):
    """What takes effect when the period ends."""

    plan_id: UUID | None
    plan_name: str
    amount: Money
    interval: Interval
    interval_count: int
    quantity: int


class DunningOut(OutSchema):
    """What follows where an invoice is not paid; see `Dunning`."""

    reminder_days: list[int]
    final_days: int
    then: str


class SubscriptionOut(OutSchema):
    """A subscription. `amount` is what a whole period costs before tax: the price of its plan, times the quantity."""

    id: UUID
    status: SubscriptionStatus
    customer: CustomerOfSubscription
    plan: PlanOfSubscription
    plan_id: UUID | None
    quantity: int
    amount: Money
    tax_rate_ppm: int
    due_days: int
    cycles: int | None
    dunning: DunningOut
    billing_address: dict[str, Any] | None
    notes: str | None
    starts_at: datetime
    trial_ends_at: datetime | None
    current_period_start: datetime | None
    current_period_end: datetime | None
    period: int = Field(description="How many periods have been billed")
    next_billing_at: datetime | None
    cancel_at_period_end: bool
    cancel_reason: str | None
    cancelled_at: datetime | None
    ended_at: datetime | None
    paused_at: datetime | None
    resumes_at: datetime | None
    pending_change: PendingChange | None
    latest_invoice_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class SubscriptionQuery(ListQuery):
    """How to list subscriptions."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "next_billing_at")
    searchable: ClassVar[tuple[str, ...]] = ("customer_name", "email", "plan_name")

    status: list[SubscriptionStatus] | None = None
    plan_id: list[UUID] | None = None
    customer_user_id: list[UUID] | None = None
    email: list[str] | None = None
    cancel_at_period_end: bool | None = None
    next_billing_at_from: datetime | None = None
    next_billing_at_to: datetime | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


class SubscriptionInvoiceQuery(ListQuery):
    """How to list the invoices of a subscription."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)

    status: list[str] | None = None
