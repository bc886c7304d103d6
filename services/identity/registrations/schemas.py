"""Bodies and queries of registrations."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field

from libs.common.countries import Country
from libs.common.filters import Column, Custom, ListQuery
from libs.common.money import Money
from libs.common.phones import Phone
from libs.common.schema import ONE_LINE, OutSchema, PatchSchema, Schema
from libs.common.websites import Website
from services.identity.auth.schemas import FirstName, LastName, Password
from services.identity.registrations.models import RegistrationStatus, WaitingFor
from services.identity.registrations.requirements.schemas import Answer, Code, NeedsOut

BusinessName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=ONE_LINE, examples=["Karoo Coffee"])
]


class BusinessIn(Schema):
    """The business that applies."""

    name: BusinessName
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone | None = None
    website: Website | None = None
    address: str | None = Field(None, max_length=500)
    country: Country | None = None
    industry: str | None = Field(None, max_length=100)


# What staff may ask to be changed, by name.
BUSINESS_FIELDS = frozenset(BusinessIn.model_fields)


def _not_negative(value: Money) -> Money:
    if value.amount < 0:
        raise ValueError("must not be negative")
    return value


DeclaredAmount = Annotated[
    Money,
    AfterValidator(_not_negative),
    Field(description="What the applicant expects to turn over, for rules of review"),
]


class RegisterIn(Schema):
    """A business and its owner, who apply together."""

    email: EmailStr
    password: Password
    first_name: FirstName
    last_name: LastName
    phone: Phone | None = None
    business: BusinessIn
    product: str = Field("micro-sites", min_length=1, max_length=100, description="SKU of the product wanted")
    referral_code: str | None = Field(None, max_length=60)
    declared_amount: DeclaredAmount | None = None
    fields: dict[str, Answer] | None = Field(
        None, max_length=100, description="Answers to what the product needs, by the code of the requirement"
    )


class RegisteredUser(OutSchema):
    """The owner's new account."""

    id: UUID
    email: str


class RegisteredCompany(OutSchema):
    """The new business."""

    id: UUID
    name: str
    status: str


class RegisteredRegistration(OutSchema):
    """The application."""

    id: UUID
    status: str
    status_link: str = Field(description="Where the applicant follows it without signing in")


class RegisterOut(OutSchema):
    """What was made."""

    user: RegisteredUser
    company: RegisteredCompany
    registration: RegisteredRegistration


class RegistrationOut(OutSchema):
    """An application to join the platform."""

    id: UUID
    status: RegistrationStatus
    company_id: UUID
    company_name: str
    business: dict[str, Any]
    product: str
    referral_code: str | None
    owner_user_id: UUID
    owner_email: str
    reason: str | None
    decided_at: datetime | None
    decided_by: str | None
    country: str | None
    declared_amount: Money | None
    waiting_for: WaitingFor
    due_at: datetime | None
    asked_for: list[str]
    round: int = Field(description="Grows with each resubmission")
    assignee_id: UUID | None = Field(description="Who of the staff reviews it; shown to staff")
    assignee_role: str | None = Field(description="Whose holders are to take it; shown to staff")
    escalations: int
    approvals_needed: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class ApprovalOut(OutSchema):
    """An approval that was given."""

    voter_id: UUID
    right_of_id: UUID = Field(description="Whose right it was: another's where it was handed on")
    via: str = Field(description="`staff` or `deal`")
    reason: str | None
    created_at: datetime


class RegistrationDetail(RegistrationOut):
    """An application with what it needs; the approvals of the present round are shown to staff."""

    requirements: NeedsOut
    approvals: list[ApprovalOut]


class RegistrationCounts(OutSchema):
    """How many applications there are, by what a queue is looked at for."""

    by_status: dict[str, int]
    waiting_for: dict[str, int]
    mine: int
    unassigned: int
    overdue: int
    provisioning_failed: int


class RegistrationQuery(ListQuery):
    """How to list applications."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "due_at")
    searchable: ClassVar[tuple[str, ...]] = ("company_name", "owner_email")

    status: list[RegistrationStatus] | None = None
    product: list[str] | None = None
    country: Annotated[list[Country] | None, Column("business_country")] = None
    assignee_id: list[UUID] | None = None
    assignee_role: list[str] | None = None
    assignee: Annotated[
        list[Literal["me", "none"]] | None, Custom(), Field(description="Mine, or open ones that nobody has")
    ] = None
    overdue: Annotated[bool | None, Custom()] = None
    waiting_for: Annotated[list[WaitingFor] | None, Custom()] = None
    provisioning: Annotated[
        list[Literal["running", "failed"]] | None,
        Custom(),
        Field(description="Approved ones of which a step of their setting up is so"),
    ] = None
    applicant_company_id: Annotated[list[UUID] | None, Column("tenant_id")] = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


class ApproveIn(Schema):
    """An approval."""

    reason: str | None = Field(None, max_length=1000)
    waive: list[Code] = Field(
        default_factory=list, max_length=100, description="Requirements that it is approved without"
    )


class ReasonIn(Schema):
    """Why."""

    reason: str = Field(min_length=1, max_length=1000)


class RequestChangesIn(ReasonIn):
    """What the applicant is to change or supply, and why."""

    requirements: list[Code] = Field(default_factory=list, max_length=100)
    fields: list[Annotated[str, Field(min_length=1, max_length=60)]] = Field(
        default_factory=list,
        max_length=100,
        description="Fields of the business (such as `registration_number`), or codes of fields required",
    )


class BusinessChanges(PatchSchema):
    """What is to be changed of the business; what is absent stays as it was."""

    name: BusinessName = ""
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone | None = None
    website: Website | None = None
    address: str | None = Field(None, max_length=500)
    country: Country | None = None
    industry: str | None = Field(None, max_length=100)


class ResubmitIn(Schema):
    """The application as changed; what is absent stays as it was."""

    business: BusinessChanges | None = None
    fields: dict[str, Answer | None] | None = Field(None, max_length=100)
    message: str | None = Field(None, min_length=1, max_length=1000)


class AssignIn(Schema):
    """Whom to give it to."""

    assignee_id: UUID | None = Field(
        None, description="Somebody of the staff who may decide; by default the caller"
    )
