"""Bodies and queries of leads."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import Column, ListQuery
from libs.common.money import Money
from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.companies.schemas import CompanyOut
from services.crm.contacts.schemas import ContactOut, PersonName
from services.crm.deals.schemas import DealOut
from services.crm.values import Amount, Name, ShortText, Tags, Text

# What a person may set; `converted` comes from converting only.
OpenLeadStatus = Literal["new", "contacted", "qualified", "unqualified"]
LeadStatus = Literal["new", "contacted", "qualified", "unqualified", "converted"]


class LeadCreate(Schema):
    """A new lead; also the whole of it in a PUT."""

    name: Name
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    company_name: Name | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    description: Text | None = None
    source: ShortText | None = Field(None, description="Where it came from", examples=["website"])
    status: OpenLeadStatus = "new"
    amount: Amount | None = Field(None, description="What it may bring")
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = Field(None, description="The colleague who looks after it")


class LeadUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    company_name: Name | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    description: Text | None = None
    source: ShortText | None = None
    status: OpenLeadStatus = Field(default_factory=lambda: "new")
    amount: Amount | None = None
    tags: Tags = Field(default_factory=list)
    owner_id: UUID | None = None


class LeadConvert(Schema):
    """What to convert a lead into: a new company and contact unless known ones are named."""

    company_id: UUID | None = None
    contact_id: UUID | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    deal_name: Name | None = None


class LeadOut(OutSchema):
    """A lead."""

    id: UUID
    name: str
    first_name: str | None
    last_name: str | None
    company_name: str | None
    email: str | None
    phone: str | None
    description: str | None
    source: str | None
    status: LeadStatus
    amount: Money | None
    tags: list[str]
    owner_id: UUID | None
    converted_at: datetime | None
    company_id: UUID | None = Field(description="The company it was converted into")
    contact_id: UUID | None = Field(description="The contact it was converted into")
    deal_id: UUID | None = Field(description="The deal it was converted into")
    version: int
    created_at: datetime
    updated_at: datetime


class ConversionOut(OutSchema):
    """What became of a lead."""

    lead: LeadOut
    company: CompanyOut
    contact: ContactOut
    deal: DealOut


class LeadQuery(ListQuery):
    """How to list leads."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "company_name", "email", "phone")

    status: list[LeadStatus] | None = None
    source: list[str] | None = None
    email: list[str] | None = None
    owner_id: list[UUID] | None = None
    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="The company they became")
    ] = None  # type: ignore[assignment]
    deal_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
