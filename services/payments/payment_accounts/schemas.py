"""Bodies and queries of payment accounts."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.money import Currency
from libs.common.schema import OutSchema, PatchSchema, Schema

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Shop card payments"])]
Credentials = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=50)],
        Annotated[str, Field(min_length=1, max_length=500)],
    ],
    Field(max_length=10, description="What the provider needs; kept encrypted and never shown again"),
]


class PaymentAccountCreate(Schema):
    """A new payment account; also the whole of it in a PUT (provider and currency cannot change)."""

    provider: Literal["sandbox", "bank_transfer"]
    name: Name
    currency: Currency
    is_active: bool = Field(True, description="Used for checkouts; one per provider and currency is")
    credentials: Credentials | None = None


class PaymentAccountUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    name: Name = ""
    is_active: bool = True
    credentials: Credentials = Field(default_factory=dict)


class PaymentAccountOut(OutSchema):
    """A payment account, without its credentials."""

    id: UUID
    provider: str
    name: str
    currency: str
    is_active: bool
    webhook_path: str = Field(description="Where the provider sends its webhooks, below the public address")
    version: int
    created_at: datetime
    updated_at: datetime


class PaymentAccountTest(OutSchema):
    """What the provider said to these credentials."""

    ok: bool
    detail: str


class PaymentAccountQuery(ListQuery):
    """How to list payment accounts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    provider: list[str] | None = None
    currency: list[str] | None = None
    is_active: bool | None = None
