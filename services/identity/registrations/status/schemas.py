"""What a link shows of an application."""

from datetime import datetime

from pydantic import Field

from libs.common.schema import OutSchema
from services.identity.registrations.models import RegistrationStatus, WaitingFor


class MissingOut(OutSchema):
    """Something that is missing or asked for."""

    code: str
    kind: str
    label: str
    description: str | None
    is_asked_for: bool


class MessageOut(OutSchema):
    """Something that happened."""

    at: datetime
    kind: str = Field(examples=["changes_requested"])
    text: str | None


class StatusOut(OutSchema):
    """Where an application stands: no names, no documents, nothing to act on."""

    status: RegistrationStatus
    waiting_for: WaitingFor
    submitted_at: datetime
    updated_at: datetime
    due_at: datetime | None = Field(description="Until when the applicant is to act")
    missing: list[MissingOut]
    messages: list[MessageOut]


class StatusLinkOut(OutSchema):
    """The link of an application."""

    status_link: str
    expires_at: datetime
