"""Bodies and queries of registrations."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import Column, ListQuery
from libs.common.schema import OutSchema, Schema
from services.identity.auth.schemas import FirstName, LastName, Password, Phone
from services.identity.registrations.models import RegistrationStatus

Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["ZA"])]
BusinessName = Annotated[str, Field(min_length=1, max_length=200, examples=["Karoo Coffee"])]


class BusinessIn(Schema):
    """The business that applies."""

    name: BusinessName
    registration_number: str | None = Field(None, max_length=100)
    phone: Phone = None
    website: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    country: Country | None = None
    industry: str | None = Field(None, max_length=100)


class RegisterIn(Schema):
    """A business and its owner, who apply together."""

    email: EmailStr
    password: Password
    first_name: FirstName
    last_name: LastName
    phone: Phone = None
    business: BusinessIn
    product: str = Field("micro-sites", min_length=1, max_length=100, description="SKU of the product wanted")
    referral_code: str | None = Field(None, max_length=60)


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
    version: int
    created_at: datetime
    updated_at: datetime


class RegistrationQuery(ListQuery):
    """How to list applications."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
    searchable: ClassVar[tuple[str, ...]] = ("company_name", "owner_email")

    status: list[RegistrationStatus] | None = None
    product: list[str] | None = None
    applicant_company_id: Annotated[UUID | None, Column("tenant_id")] = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


class ApproveIn(Schema):
    """An approval."""

    reason: str | None = Field(None, max_length=1000)


class ReasonIn(Schema):
    """Why."""

    reason: str = Field(min_length=1, max_length=1000)


class ResubmitIn(Schema):
    """The application as changed; what is absent stays as it was."""

    business: BusinessIn | None = None
