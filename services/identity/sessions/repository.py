"""All SQL of sessions; used in the platform scope only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update

from libs.common.db.repository import Repository
from services.identity.sessions.idleness import is_not_idle
from services.identity.sessions.models import RefreshToken, Session


class SessionRepository(Repository[Session]):
    """Sessions; lists show the caller's own live ones."""

    model = Session

    def visible(self) -> list[ColumnElement[bool]]:
        """The caller's own live ones."""
        return [Session.user_id == self.uow.actor.user_id, *self._live()]

    async def add(self, row: Session) -> Session:
        """Insert a session; it belongs to a person, not to a tenant."""
        self.session.add(row)
        await self.session.flush()
        return row

    async def live_of(self, user_id: UUID, *, lock: bool = False) -> list[Session]:
        """The live sessions of a person, and those in which he acts as others, in the order in which they are locked."""
        own = or_(Session.user_id == user_id, Session.acting_user_id == user_id)
        statement = select(Session).where(own, *self._live()).order_by(Session.id)
        if lock:
            statement = statement.with_for_update()
        return list((await self.session.execute(statement)).scalars())

    async def acting_of(self, user_id: UUID) -> list[Session]:
        """The live sessions in which a person acts as others, locked, in the order in which they are locked."""
        statement = select(Session).where(Session.acting_user_id == user_id, *self._live())
        locked = statement.order_by(Session.id).with_for_update()
        return list((await self.session.execute(locked)).scalars())

    async def find_token(self, token_hash: bytes) -> RefreshToken | None:
        """A refresh token by its hash."""
        statement = select(RefreshToken).where(RefreshToken.token_hash == token_hash)
        return (
            await self.session.execute(statement.execution_options(populate_existing=True))
        ).scalar_one_or_none()

    async def add_token(self, token: RefreshToken) -> None:
        """Insert a refresh token."""
        self.session.add(token)
        await self.session.flush()

    async def seen(self, session_id: UUID, at: datetime) -> None:
        """Note that a session was used."""
        await self.session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=at))

    async def remove_ended(self, before: datetime, limit: int) -> int:
        """Remove a batch of sessions that expired before a time, with their tokens; return how many."""
        batch = (
            select(Session.id).where(Session.expires_at < before).order_by(Session.expires_at).limit(limit)
        )
        done: Any = await self.session.execute(delete(Session).where(Session.id.in_(batch)))
        return int(done.rowcount)

    async def remove_tokens(self, before: datetime, limit: int) -> int:
        """Remove a batch of refresh tokens that expired before a time; return how many."""
        batch = (
            select(RefreshToken.token_hash)
            .where(RefreshToken.expires_at < before)
            .order_by(RefreshToken.expires_at)
            .limit(limit)
        )
        done: Any = await self.session.execute(delete(RefreshToken).where(RefreshToken.token_hash.in_(batch)))
        return int(done.rowcount)

    def _live(self) -> list[ColumnElement[bool]]:
        now = self.uow.now
        return [Session.revoked_at.is_(None), Session.expires_at > now, is_not_idle(now)]
