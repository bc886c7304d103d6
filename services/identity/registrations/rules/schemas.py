"""Bodies and queries of rules of review."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.money import MAX_AMOUNT, Currency
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.registrations.requirements.schemas import Sku

Seconds = Annotated[int, Field(ge=1, le=31_536_000, examples=[172_800])]
RoleCode = Annotated[str, Field(min_length=1, max_length=60, examples=["staff-admin"])]
RuleName = Annotated[str, Field(min_length=1, max_length=200, examples=["Large applications"])]
Approvals = Annotated[int, Field(ge=1, le=10, description="How many different people must approve")]
Minor = Annotated[
    int,
    Field(
        ge=0, le=MAX_AMOUNT, description="For applications from this amount on, in minor units of `currency`"
    ),
]


class RuleReplace(Schema):
    """A rule of review."""

    name: RuleName
    product: Sku | None = None
    country: Country | None = None
    from_minor: Minor | None = None
    currency: Currency | None = Field(
        None,
        description="Of `from_minor`. Amounts are not converted: one in a currency that no fitting rule has reaches all",
    )
    approvals: Approvals = 1
    deal_counts: Literal["decision", "vote"] = Field(
        "decision", description="A deal won approves at once, or is one of the approvals that are needed"
    )
    review_seconds: Seconds | None = Field(None, description="Time for staff to act")
    applicant_seconds: Seconds | None = Field(None, description="Time for the applicant to act")
    repeat_seconds: Seconds | None = Field(
        None, description="How long after an escalation the next one comes"
    )
    escalate_to_id: UUID | None = Field(None, description="Who of the staff takes over what is late")
    escalate_role: RoleCode = Field("staff-admin", description="Else the role whose holders do")
    is_active: bool = True


class RuleCreate(RuleReplace):
    """A new rule."""


class RuleUpdate(PatchSchema):
    """The fields to change."""

    name: RuleName = ""
    product: Sku | None = None
    country: Country | None = None
    from_minor: Minor | None = None
    currency: Currency | None = None
    approvals: Approvals = 1
    deal_counts: Literal["decision", "vote"] = "decision"
    review_seconds: Seconds | None = None
    applicant_seconds: Seconds | None = None
    repeat_seconds: Seconds | None = None
    escalate_to_id: UUID | None = None
    escalate_role: RoleCode = ""
    is_active: bool = True


class RuleOut(OutSchema):
    """A rule of review."""

    id: UUID
    name: str
    product: str | None
    country: str | None
    from_minor: int | None
    currency: str | None
    approvals: int
    deal_counts: str
    review_seconds: int | None
    applicant_seconds: int | None
    repeat_seconds: int | None
    escalate_to_id: UUID | None
    escalate_role: str
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class RuleQuery(ListQuery):
    """How to list rules of review."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    product: list[str] | None = None
    country: list[Country] | None = None
