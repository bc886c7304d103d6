"""Rows of templates."""

from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.notifications.db import Base


class Template(TenantRow, Base):
    """A business's own text for one kind of notification, channel and language; `version` counts its changes."""

    __tablename__ = "templates"
    __table_args__ = (
        *list_indexes(
            "templates",
            "type",
            "channel",
            "locale",
            order=("type", "updated_at"),
            unique=(("type", "channel", "locale"),),
        ),
        search_index("notifications", "templates", "subject", "text"),
    )

    type: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
