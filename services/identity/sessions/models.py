"""Rows of sessions and of their refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import search_index
from libs.common.ids import new_id
from services.identity.db import Base
from services.identity.users.models import User


class Session(Base):
    """One sign-in on one device."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id", "created_at", "id"),
        Index("ix_sessions_expires_at", "expires_at"),
        search_index("identity", "sessions", "user_agent", "address", owner="user_id"),
        Index(
            "ix_sessions_acting_user_id",
            "acting_user_id",
            postgresql_where=text("acting_user_id IS NOT NULL"),
        ),
    )
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    address: Mapped[str]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime]
    # How long it lives without a request; where it is not said, for ever, up to `expires_at`.
    idle_seconds: Mapped[int | None] = mapped_column(Integer)
    # By which methods the person showed who he is (RFC 8176), and when last; null in sessions of release 0.1.0.
    amr: Mapped[list[str] | None]
    authenticated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    # Who really acts, where somebody of the staff acts as the user; and why.
    acting_user_id: Mapped[UUID | None]
    acting_reason: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]

    @property
    def proven_at(self) -> datetime:
        """When the person last showed who he is."""
        return self.authenticated_at or self.created_at

    def show(self, *methods: str) -> bool:
        """Note methods by which the person has shown who he is; whether any is new. With a code they are two factors."""
        # Of a session of release 0.1.0 nothing is noted, and there was the password only.
        before = self.amr or ["pwd"]
        after = list(dict.fromkeys([*before, *methods, *(["mfa"] if "otp" in methods else [])]))
        if after == self.amr:
            return False
        self.amr = after
        return True


class RefreshToken(Base):
    """A refresh token, by its hash. Used ones stay while they could be shown again, so that theft is noticed."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("ix_refresh_tokens_session_id", "session_id"),
        Index("ix_refresh_tokens_expires_at", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey(Session.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
