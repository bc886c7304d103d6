"""Bodies and queries of usage."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.common.schema import OutSchema, Schema
from services.identity.plans.schemas import UsageCode


class UsageKind(StrEnum):
    """What is counted: rows there are now, or what was done in the month."""

    LIMIT = "limit"
    QUOTA = "quota"


class UsageOut(OutSchema):
    """How much is used of what a code names, and how much the plan allows."""

    code: str
    kind: UsageKind
    used: int | None = Field(description="None where the service that counts it does not answer now")
    limit: int | None = Field(description="None where the plan sets no limit")
    remaining: int | None
    period_starts_at: datetime | None
    resets_at: datetime | None


class UsageClaimIn(Schema):
    """Something done that counts."""

    key: UUID
    code: UsageCode
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class UsageClaimOut(OutSchema):
    """What it came to; not `is_new` where it was counted before."""

    is_new: bool
    used: int
    limit: int | None
