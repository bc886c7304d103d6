"""Bodies and queries of API keys and personal tokens."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.auth.schemas import LoginIn
from services.identity.roles.schemas import Permission

Scopes = Annotated[
    list[Permission],
    Field(
        min_length=1,
        max_length=100,
        description="The permissions that it opens; none that its maker lacks",
        examples=[["catalog.products.read", "orders.orders.*"]],
    ),
]
KeyName = Annotated[str, Field(min_length=1, max_length=100, examples=["Till in the shop"])]
Expiry = Annotated[
    AwareDatetime | None,
    Field(description="When it stops working; null: never", examples=["2031-01-01T00:00:00Z"]),
]


class ApiKeyCreate(Schema):
    """A new key of the business."""

    name: KeyName
    scopes: Scopes
    expires_at: Expiry = None


class ApiKeyUpdate(PatchSchema):
    """The fields to change."""

    name: KeyName = ""
    scopes: Scopes = Field(default_factory=list)
    expires_at: Expiry = None


class ApiKeyReplace(Schema):
    """All fields that can be changed."""

    name: KeyName
    scopes: Scopes
    expires_at: Expiry = None


class ApiKeyOut(OutSchema):
    """A key of the business, without its secret."""

    id: UUID
    name: str
    prefix: str = Field(
        description="The beginning of the secret, to tell keys apart", examples=["plk_1f0c9a2e"]
    )
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To within a minute or so")
    created_by_id: UUID | None
    rotated_at: datetime | None
    previous_expires_at: datetime | None = Field(
        description="Until when the secret before the last rotation works"
    )
    version: int
    created_at: datetime
    updated_at: datetime


class ApiKeyCreated(ApiKeyOut):
    """A key of the business with its secret, which is shown this once."""

    secret: str = Field(description="Send it as `X-API-Key`, or as `Authorization: Bearer`")


class ApiKeyQuery(ListQuery):
    """How to list keys; `q` looks at name and prefix."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "prefix")

    prefix: list[str] | None = None


class Rotate(Schema):
    """How a key is rotated."""

    overlap_seconds: int = Field(
        86_400, ge=0, le=2_592_000, description="How long the secret of now works beside the new one"
    )


class TokenIn(LoginIn):
    """Name and password, and what the token is for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"username": "naledi@example.com", "password": "Sunrise-over-9-hills", "name": "Laptop"}
            ]
        }
    )

    name: KeyName = "Personal token"
    scopes: Scopes = Field(
        default_factory=lambda: ["*"],
        description="What it opens of what the person may; all of it by default",
    )
    expires_at: Expiry = None


class TokenOut(OutSchema):
    """A personal token of one's own, without its secret."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class TokenCreated(TokenOut):
    """A personal token with its secret, which is shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer`")


class TokenRevoke(Schema):
    """The token to revoke; without one, the token of the request."""

    token: str | None = Field(None, min_length=1, max_length=200)


class TokenQuery(ListQuery):
    """How to list one's personal tokens."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name", "prefix")
