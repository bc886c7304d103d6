"""All SQL of sessions; used in the platform scope only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    delete,
    or_,
    select,
    update,
)

from libs.common.db.direct import Direct, all_of, hydrated, insert_of
from libs.common.db.repository import Repository
from services.identity.sessions.idleness import is_not_idle
from services.identity.sessions.models import RefreshToken, Session

_ID = bindparam("id", type_=Uuid())
_HASH = bindparam("token_hash", type_=LargeBinary())
_INSERT, _ADD_TOKEN = Direct(insert_of(Session)), Direct(insert_of(RefreshToken))
_LOCK = Direct(select(Session.__table__).where(Session.id == _ID).with_for_update())
_USE = Direct(
    update(Session)
    .where(Session.id == _ID)
    .values(
        last_seen_at=bindparam("last_seen_at", type_=DateTime(timezone=True)),
        address=bindparam("address", type_=Text()),
    )
)
_TOKEN = Direct(select(RefreshToken.__table__).where(RefreshToken.token_hash == _HASH))
_USE_TOKEN = Direct(
    update(RefreshToken)
    .where(RefreshToken.token_hash == _HASH)
    .values(used_at=bindparam("used_at", type_=DateTime(timezone=True)))
)


class SessionRepository(Repository[Session]):
    """Sessions; lists show the caller's own live ones."""

    model = Session

    def visible(self) -> list[ColumnElement[bool]]:
        """The caller's own live ones."""
        return [Session.user_id == self.uow.actor.user_id, *self._live()]

    @property
    def searched_owner(self) -> UUID | None:
        """The caller."""
        return self.uow.actor.user_id

    async def add(self, row: Session) -> Session:
        """Insert a session; it belongs to a person, not to a tenant."""
        self.session.add(row)
        await self.session.flush()
        return row

    def begin(self, row: Session, token: RefreshToken) -> None:
        """Record a session that no SQLAlchemy session knows, with its first refresh token."""
        self.uow.write(_INSERT, row)
        self.uow.write(_ADD_TOKEN, token)

    async def lock(self, session_id: UUID, token_hash: bytes) -> tuple[Session | None, RefreshToken | None]:
        """A session locked to be used, with a refresh token as it is then; `use` writes them."""
        rows, tokens = await all_of(
            self.uow, (_LOCK, {"id": session_id}), (_TOKEN, {"token_hash": token_hash})
        )
        return (next(iter(hydrated(Session, rows)), None), next(iter(hydrated(RefreshToken, tokens)), None))

    def use(self, row: Session, shown: RefreshToken, new: RefreshToken) -> None:
        """Record that a refresh token was traded for a new one."""
        self.uow.write(_USE, row)
        self.uow.write(_USE_TOKEN, shown)
        self.uow.write(_ADD_TOKEN, new)

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
        """A refresh token by its hash, to look at: no SQLAlchemy session knows it."""
        return next(iter(hydrated(RefreshToken, await _TOKEN.all(self.uow, token_hash=token_hash))), None)

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
