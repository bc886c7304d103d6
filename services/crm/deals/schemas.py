"""Bodies and queries of deals."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.filters import Column, ListQuery
from libs.common.money import MAX_AMOUNT, Money
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.deal_lines.schemas import MAX_LINES, DealLineIn, DealLineOut
from services.crm.values import Amount, Name, ShortText, Tags, Text

DealStatus = Literal["open", "won", "lost"]
Lines = Annotated[list[DealLineIn], Field(max_length=MAX_LINES)]
Reason = Annotated[str, Field(min_length=1, max_length=200, examples=["Price"])]
Minor = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]


class DealReplace(Schema):
    """The whole of a deal in a PUT; its stage and status change by verbs of their own."""

    name: Name
    description: Text | None = None
    amount: Amount | None = Field(None, description="Leave it out where there are lines: it is their sum")
    lines: Lines = Field(default_factory=list)
    company_id: UUID | None = Field(None, description="The company it is with")
    contact_id: UUID | None = Field(None, description="The person it is with")
    owner_id: UUID | None = Field(None, description="The colleague who looks after it")
    source: ShortText | None = Field(None, description="Where it came from")
    expected_close_on: date | None = None
    tags: Tags = Field(default_factory=list)


class DealCreate(DealReplace):
    """A new deal, at the first stage of the default pipeline unless others are named."""

    pipeline_id: UUID | None = None
    stage_id: UUID | None = None


class DealUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied. `lines` replaces all of them."""

    name: Name = Field(default_factory=str)
    description: Text | None = None
    amount: Amount = Field(default_factory=lambda: Amount(amount=0, currency="ZAR"))
    lines: Lines = Field(default_factory=list)
    company_id: UUID | None = None
    contact_id: UUID | None = None
    owner_id: UUID | None = None
    source: ShortText | None = None
    expected_close_on: date | None = None
    tags: Tags = Field(default_factory=list)


class DealMove(Schema):
    """Where to move a deal."""

    stage_id: UUID


class DealWin(Schema):
    """Why a deal was won."""

    won_reason: Reason | None = None


class DealLose(Schema):
    """Why a deal was lost."""

    lost_reason: Reason


class DealReopen(Schema):
    """Where a deal goes on; at the stage where it was before it was closed, unless another is named."""

    stage_id: UUID | None = None


class DealOut(OutSchema):
    """A deal."""

    id: UUID
    name: str
    description: str | None
    status: DealStatus
    pipeline_id: UUID
    pipeline: str = Field(description="The name of the pipeline")
    stage_id: UUID
    stage: str = Field(description="The name of the stage")
    stage_entered_at: datetime
    probability: int = Field(description="How likely it is to be won, in percent")
    amount: Money
    lines: list[DealLineOut]
    company_id: UUID | None
    contact_id: UUID | None
    owner_id: UUID | None
    source: str | None
    expected_close_on: date | None
    tags: list[str]
    won_reason: str | None
    lost_reason: str | None
    closed_at: datetime | None
    registration_id: UUID | None = Field(description="The registration that this deal decides on")
    applicant_company_id: UUID | None = Field(description="The business that applied with it")
    version: int
    created_at: datetime
    updated_at: datetime


class DealQuery(ListQuery):
    """How to list deals."""

    orderable: ClassVar[tuple[str, ...]] = (
        "created_at",
        "updated_at",
        "name",
        "amount",
        "expected_close_on",
        "closed_at",
    )
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    status: list[DealStatus] | None = None
    pipeline_id: list[UUID] | None = None
    stage_id: list[UUID] | None = None
    owner_id: list[UUID] | None = None
    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company they are with")
    ] = None  # type: ignore[assignment]
    contact_id: list[UUID] | None = None
    registration_id: list[UUID] | None = None
    applicant_company_id: list[UUID] | None = None
    source: list[str] | None = None
    amount_min: Annotated[Minor | None, Column("amount_minor")] = None
    amount_max: Annotated[Minor | None, Column("amount_minor")] = None
    expected_close_on_from: date | None = None
    expected_close_on_to: date | None = None
    closed_at_from: datetime | None = None
    closed_at_to: datetime | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None

    @property
    def order_column(self) -> tuple[str, bool]:
        """The order column and whether it sorts downwards."""
        name, descending = super().order_column
        return ("amount_minor" if name == "amount" else name), descending
