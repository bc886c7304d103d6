"""Bodies and queries of privacy requests."""

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema
from services.identity.privacy_requests.models import ReceiptStatus, RequestKind, RequestStatus

_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


class PrivacyRequestCreate(Schema):
    """Whose data it is about: a person's on the whole platform, or a customer's of this business."""

    user_id: UUID | None = Field(None, description="A person with an account; for the platform's staff")
    email: str | None = Field(
        None,
        max_length=254,
        pattern=_EMAIL,
        description="A customer of the business acted in, by address",
        examples=["thandi@example.com"],
    )
    reason: str | None = Field(None, max_length=500, examples=["Asked by letter of 3 November"])

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.user_id is None) == (self.email is None):
            raise ValueError("name either user_id or email")
        return self


class KeptReason(OutSchema):
    """Why values of one column are kept."""

    table: str
    column: str = Field(description="`*`: rows as a whole")
    count: int
    reason: str


class ReceiptOut(OutSchema):
    """What one service has done."""

    service: str
    status: ReceiptStatus
    attempts: int
    last_error: str | None = Field(description="Why the last attempt failed, where one did")
    erased: int = Field(description="Values, or rows removed as a whole")
    pseudonymised: int
    kept: int
    rows: int = Field(0, description="Of an export: how many there are in it, all that were found")
    reasons: list[KeptReason]
    done_at: datetime | None


class PrivacyRequestOut(OutSchema):
    """A request and how far it is."""

    id: UUID
    kind: RequestKind
    status: RequestStatus
    user_id: UUID | None
    email: str = Field(description="Of the person; a pseudonym once an erasure is complete")
    reason: str | None
    requested_by_id: UUID | None
    receipts: list[ReceiptOut]
    completed_at: datetime | None
    expires_at: datetime | None = Field(description="Until then an export can be fetched")
    created_at: datetime
    version: int


class ClosingOut(OutSchema):
    """How far the erasure of what a closed business has is, and what each service has done of it."""

    id: UUID
    status: RequestStatus
    receipts: list[ReceiptOut]
    completed_at: datetime | None
    created_at: datetime
    version: int


class PrivacyRequestQuery(ListQuery):
    """How to list privacy requests."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("email", "reason")
    status: list[RequestStatus] | None = None
