"""Bodies and queries of templates."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.templates.language import MAX_SOURCE


def _known_type(value: str) -> str:
    if value not in KINDS:
        raise ValueError("there is no such notification type")
    return value


Type = Annotated[str, Field(max_length=50, examples=["order_placed"]), AfterValidator(_known_type)]
Locale = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description="ISO 639-1, with a country or without", examples=["en"]
    ),
]
Subject = Annotated[str, Field(min_length=1, max_length=500, examples=["Your order {{ order.number }}"])]
Text = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]
Html = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]


class TemplateCreate(Schema):
    """A text of your own; also the whole of it in a PUT."""

    type: Type
    channel: ChannelName
    locale: Locale = "en"
    subject: Subject
    text: Text
    html: Html | None = Field(None, description="Mails only; made from the text where absent")


class TemplateUpdate(PatchSchema):
    """The fields to change."""

    type: Type = ""
    channel: ChannelName = ChannelName.EMAIL
    locale: Locale = ""
    subject: Subject = ""
    text: Text = ""
    html: Html | None = None


class TemplateOut(OutSchema):
    """A text of a business."""

    id: UUID
    type: str
    channel: str
    locale: str
    subject: str
    text: str
    html: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class TemplateQuery(ListQuery):
    """How to list texts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "type")
    searchable: ClassVar[tuple[str, ...]] = ("subject", "text")

    type: list[str] | None = None
    channel: list[str] | None = None
    locale: list[str] | None = None


class BuiltinOut(OutSchema):
    """A text that comes with the service."""

    type: str
    channel: str
    locale: str
    subject: str
    text: str
    html: str | None


class BuiltinList(OutSchema):
    """All texts that come with the service."""

    items: list[BuiltinOut]


class Preview(Schema):
    """Values to fill in; an example is used where none are given."""

    variables: dict[str, Any] | None = None


class Rendered(OutSchema):
    """A text, filled in."""

    subject: str
    text: str
    html: str | None


class TemplateTest(Schema):
    """Where a filled-in example goes: your own address, unless another is named."""

    to: EmailStr | None = None
    variables: dict[str, Any] | None = None


class TestSent(OutSchema):
    """The delivery that was started."""

    delivery_id: UUID
