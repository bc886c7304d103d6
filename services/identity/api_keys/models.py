"""Rows of API keys and personal tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base
from services.identity.users.models import User


class ApiKey(TenantRow, SoftDeleted, Base):
    """A secret, by its hash: of a business, or (with `user_id`) of a person, kept with the person's own business.

    For a while after a rotation the secret before it works too. A deleted one is revoked.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        *list_indexes("api_keys", "prefix", order=("name",)),
        Index("ix_api_keys_token_hash", "token_hash"),
        Index(
            "ix_api_keys_previous_hash", "previous_hash", postgresql_where=text("previous_hash IS NOT NULL")
        ),
        Index("ix_api_keys_user_id", "user_id", "created_at", postgresql_where=text("user_id IS NOT NULL")),
        search_index("identity", "api_keys", "name", "prefix"),
    )

    name: Mapped[str]
    # The beginning of the secret, by which people tell keys apart.
    prefix: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id))
    created_by_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_expires_at: Mapped[datetime | None]
