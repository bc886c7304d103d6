"""Rows of kept mails."""

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.notifications.db import Base


class MailboxMessage(TenantRow, Base):
    """A mail as it would have been sent; its id is that of its delivery."""

    __tablename__ = "mailbox_messages"
    __table_args__ = (
        *list_indexes("mailbox_messages", "recipient"),
        search_index("notifications", "mailbox_messages", "subject", "text"),
        *person_indexes("notifications", "mailbox_messages", address="recipient"),
    )

    sender: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
    message_id: Mapped[str]
    # Whether it has a link that opens an account or a business, which is for few to read.
    has_link: Mapped[bool] = mapped_column(default=False, server_default=false())
