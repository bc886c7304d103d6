"""Bodies and queries of sessions."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema


class SessionOut(OutSchema):
    """One sign-in on one device."""

    id: UUID
    user_agent: str | None
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    acting_user_id: UUID | None = Field(
        None, description="Who of the operator's staff acts as oneself in it, where that is so"
    )
    is_current: bool = Field(False, description="Whether this request belongs to it")


class SessionStatus(Schema):
    """How long a session lasts still: without a request, and in any case. Asking is no sign of life."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "session_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "seconds_left": 240,
                    "idle_seconds": 1800,
                    "idle_expires_at": "2026-05-04T10:34:00Z",
                    "warning_seconds": 300,
                    "is_warning": True,
                    "absolute_seconds_left": 7774200,
                    "absolute_expires_at": "2026-08-02T10:00:00Z",
                    "last_seen_at": "2026-05-04T10:04:00Z",
                }
            ]
        }
    )

    session_id: UUID
    seconds_left: int = Field(description="Seconds until it ends if no request comes")
    idle_seconds: int | None = Field(
        description="So long it lives without a request; null: until its absolute end"
    )
    idle_expires_at: datetime = Field(description="When it ends if no request comes")
    warning_seconds: int = Field(description="Warn when no more than this is left, and offer to extend")
    is_warning: bool = Field(description="Whether it is time to warn")
    absolute_seconds_left: int = Field(description="Seconds until it ends whatever comes")
    absolute_expires_at: datetime = Field(description="When it ends whatever comes; sign in again then")
    last_seen_at: datetime = Field(description="The last request, to within a minute or so")


class SessionQuery(ListQuery):
    """How to list sessions."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("user_agent", "address")


class RevokeAll(Schema):
    """Which sessions to end."""

    keep_current: bool = Field(False, description="Leave the session of this request alone")


class Revoked(Schema):
    """How many sessions were ended."""

    revoked: int
