"""Bodies and queries of kept mails."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Custom, ListQuery
from libs.common.pagination import Page
from libs.common.schema import OutSchema


class MailboxItem(OutSchema):
    """A kept mail without its texts."""

    id: UUID
    sender: str
    to: str = Field(validation_alias="recipient")
    subject: str
    message_id: str
    created_at: datetime


class MailboxMessageOut(MailboxItem):
    """A kept mail."""

    text: str
    html: str | None


class MailboxPage(Page[MailboxItem]):
    """A page of kept mails."""

    notice: str = Field(description="Says whether mails are kept here or sent")


class MailboxQuery(ListQuery):
    """How to list kept mails."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("subject", "text")

    to: Annotated[
        list[Annotated[str, Field(max_length=320)]] | None, Custom(), Field(description="The whole address")
    ] = None
    subject: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None, Custom(), Field(description="A part of it")
    ] = None
