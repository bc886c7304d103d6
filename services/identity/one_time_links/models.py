"""Rows of one-time links; they belong to people, so the platform scope alone reads them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from libs.common.ids import new_id
from services.identity.db import Base
from services.identity.users.models import User


class LinkPurpose(StrEnum):
    """What a link is good for."""

    PASSWORD_RESET = "password_reset"
    EMAIL_VERIFICATION = "email_verification"
    MAGIC_LINK = "magic_link"


class OneTimeLink(Base):
    """A link that was asked for. Its token is kept nowhere: it is made from the id with a key (see `tokens`)."""

    __tablename__ = "one_time_links"
    __table_args__ = (
        Index("ix_one_time_links_user_id", "user_id", "purpose", "created_at"),
        Index("ix_one_time_links_expires_at", "expires_at"),
        *person_indexes("identity", "one_time_links", address="email"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    purpose: Mapped[str]
    # The address that it goes to; it proves that this address is the person's.
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    # When it was used, or another one took its place.
    used_at: Mapped[datetime | None]
