"""What next best actions are asked for, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from libs.common.money import Currency, Money
from libs.common.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page
from libs.common.schema import OutSchema
from services.analytics.insights.evidence import Interval, Refusal
from services.analytics.reports.period import Period


class Kind(StrEnum):
    """The rules."""

    OVERDUE_TASK = "overdue_task"
    STALLED_DEAL = "stalled_deal"
    CLOSE_DATE_PASSED = "close_date_passed"
    DEAL_WITHOUT_TASK = "high_value_deal_without_task"
    OVERDUE_INVOICE = "overdue_invoice"
    UNPAID_INVOICE = "unpaid_invoice"
    RESTOCK = "restock"
    REPEAT_PURCHASE = "repeat_purchase"


class ObjectType(StrEnum):
    """What actions are about."""

    DEAL = "deal"
    TASK = "task"
    INVOICE = "invoice"
    VARIANT = "variant"
    ORDER = "order"


class NextBestActionQuery(BaseModel):
    """How to list next best actions."""

    model_config = ConfigDict(extra="forbid")

    kind: list[Kind] | None = None
    object_type: list[ObjectType] | None = None
    assignee_id: Annotated[
        list[UUID | Literal["me"]] | None,
        Field(description="Tasks of these people and deals that they own; `me` for one's own"),
    ] = None
    deal_id: Annotated[list[UUID] | None, Field(description="Actions about these deals and their tasks")] = (
        None
    )
    currency: Annotated[
        Currency | None, Field(description="Money at stake in this currency; the busiest one unless given")
    ] = None
    tz: Annotated[
        str,
        Field(max_length=64, description="IANA time zone whose day it is", examples=["Africa/Johannesburg"]),
    ] = "UTC"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows on a page")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2000, description="`next_cursor` of the page before")] = (
        None
    )
    company_id: Annotated[UUID | None, Field(description="The business to act in (superusers)")] = None

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return Period(tz=value).tz

    def fingerprint(self) -> str:
        """What a cursor is bound to."""
        return repr(self.model_dump(mode="json", exclude={"cursor", "limit", "company_id"}))


class Probability(OutSchema):
    """A share of past cases, with Wilson's interval. `value` is the middle of it: near a half while there are few."""

    value: float
    interval: Interval
    hits: int
    cases: int
    of: Annotated[str, Field(examples=["deals closed that came to Proposal"])]


class ActionObject(OutSchema):
    """What an action is about, and where it is."""

    type: ObjectType
    id: UUID
    title: str | None
    href: str


class SuggestedAction(OutSchema):
    """What to do."""

    action: Annotated[str, Field(examples=["create_task"])]
    label: str


class NextBestAction(OutSchema):
    """Something to do next, and why."""

    id: Annotated[UUID, Field(description="The same for the same thing to do")]
    kind: Kind
    object: ActionObject
    suggested_action: SuggestedAction
    explanation: str
    score: Annotated[
        int, Field(description="Value at stake times probability, in minor units; 0 where neither is known")
    ]
    value: Annotated[Money | None, Field(description="What is at stake")]
    probability: Probability | None
    deal_id: UUID | None
    assignee_id: UUID | None
    due_since: Annotated[datetime, Field(description="When it came to be due")]
    evidence: Annotated[dict[str, Any], Field(description="What was seen, by the names that the kind has")]


class Rule(OutSchema):
    """What a rule came to: so many actions, a refusal, or nothing for want of a permission."""

    kind: Kind
    found: int
    refused: Refusal | None
    required_permission: Annotated[str | None, Field(description="What the caller lacks to be shown these")]


class NextBestActionPage(Page[NextBestAction]):
    """One page of actions, the most valuable first, and what each rule came to."""

    currency: str
    rules: list[Rule]
    refused: Annotated[
        Refusal | None, Field(description="Why there is nothing at all, where all rules were refused")
    ]
    as_of: datetime
