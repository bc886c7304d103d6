"""Bodies and queries of sessions."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

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
    is_current: bool = Field(False, description="Whether this request belongs to it")


class SessionQuery(ListQuery):
    """How to list sessions."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)


class RevokeAll(Schema):
    """Which sessions to end."""

    keep_current: bool = Field(False, description="Leave the session of this request alone")


class Revoked(Schema):
    """How many sessions were ended."""

    revoked: int
