"""Bodies of sign-in policies."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from libs.common.schema import OutSchema, Schema


class Method(StrEnum):
    """The ways to sign in."""

    PASSWORD = "password"
    MAGIC_LINK = "magic_link"
    PASSKEY = "passkey"
    OIDC = "oidc"


Domain = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$",
        examples=["karoo.example"],
    ),
]
_EXAMPLE: dict[str, JsonValue] = {
    "second_factor_required": True,
    "grace_days": 14,
    "allowed_methods": ["password", "passkey"],
    "allowed_email_domains": ["karoo.example"],
    "idle_seconds": 3600,
}


class SignInPolicyPut(Schema):
    """What is asked of everybody in the business but its clients; what is left out is not asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    second_factor_required: bool = False
    grace_days: int = Field(
        0, ge=0, le=90, description="How long after it is first required one may do without the second factor"
    )
    allowed_methods: list[Method] | None = Field(None, min_length=1, max_length=4, description="null: all")
    allowed_email_domains: list[Domain] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Of the addresses of members, but for owners and clients; null: all",
    )
    idle_seconds: int | None = Field(
        None,
        ge=60,
        le=2_592_000,
        description="After so long without a request sessions end, running ones too",
    )


class SignInPolicyOut(OutSchema):
    """What a business asks of sign-ins."""

    second_factor_required: bool = False
    second_factor_required_from: datetime | None = Field(None, description="When the grace period ends")
    grace_days: int = 0
    allowed_methods: list[Method] | None = None
    allowed_email_domains: list[str] | None = None
    idle_seconds: int | None = None
