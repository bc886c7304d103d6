"""The rules of sessions: starting, refreshing, ending."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, Unauthenticated
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from libs.contracts.audit import change_recorded
from libs.contracts.identity import SessionRevoked
from services.identity.sessions.idleness import is_idle
from services.identity.sessions.models import RefreshToken, Session
from services.identity.sessions.repository import SessionRepository
from services.identity.sessions.schemas import SessionStatus
from services.identity.users.models import User


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The outcome of showing a refresh token: a new one, or None where the old one is no good.

    `is_reuse` says that it was used before and that its session was ended for that.
    """

    session: Session | None = None
    token: str | None = None
    is_reuse: bool = False


class SessionService:
    """Sessions of the platform, in a unit of work of the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SessionRepository(uow)
        self._settings = uow.context.settings

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of the caller's live sessions."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    def start(
        self,
        user: User,
        *,
        address: str,
        user_agent: str | None,
        is_remembered: bool = True,
        amr: Sequence[str] = (),
        idle_at_most: int | None = None,
    ) -> tuple[Session, str]:
        """A new session and its first refresh token. One that is not to be remembered ends when it was idle a while.

        `amr` are the methods by which the person showed who he is, by their registered names (RFC 8176);
        `idle_at_most` are the seconds that a business of the person allows without a request.
        """
        now, settings = self.uow.now, self._settings
        idle = settings.session_idle_seconds if is_remembered else settings.shared_idle_seconds
        session = unsaved(
            Session,
            id=new_id(),
            user_id=user.id,
            address=address,
            user_agent=user_agent,
            created_at=now,
            last_seen_at=now,
            idle_seconds=idle if idle_at_most is None else min(idle, idle_at_most),
            amr=list(amr),
            authenticated_at=now,
            expires_at=now + timedelta(seconds=settings.session_seconds),
        )
        text, token = self._new_token(session)
        self.rows.begin(session, token)
        return session, text

    async def start_acting(
        self, user: User, acting_user_id: UUID, reason: str, *, address: str, user_agent: str | None
    ) -> Session:
        """A session in which somebody acts as a person for a short while; it cannot be refreshed."""
        now, settings = self.uow.now, self._settings
        session = Session(
            user_id=user.id,
            address=address,
            user_agent=user_agent,
            created_at=now,
            last_seen_at=now,
            idle_seconds=settings.shared_idle_seconds,
            expires_at=now + timedelta(seconds=settings.acting_seconds),
            acting_user_id=acting_user_id,
            acting_reason=reason,
        )
        return await self.rows.add(session)

    async def refresh(self, token: str, *, address: str) -> Refreshed:
        """Trade a refresh token for a new one; the session's row lock lets one of several at once win."""
        token_hash = _hash(token)
        found = await self.rows.find_token(token_hash)
        if found is None:
            return Refreshed()
        # The token is read again: whoever held the lock before us may have used it.
        session, found = await self.rows.lock(found.session_id, token_hash)
        now = self.uow.now
        if session is None or found is None or not _is_live(session, now):
            return Refreshed()
        if found.used_at is not None:
            await self._revoke([await self.live(session.id, lock=True)], "refresh token used twice")
            return Refreshed(session, is_reuse=True)
        if found.expires_at <= now:
            return Refreshed()
        found.used_at = now
        session.last_seen_at, session.address = now, address
        text, new = self._new_token(session)
        self.rows.use(session, found, new)
        return Refreshed(session, text)

    async def status(self) -> SessionStatus:
        """How long the caller's session lasts still.

        Raises:
            Unauthenticated: the caller has none, or it has ended.
        """
        return self._status(await self.live(self.uow.actor.session_id))

    async def extend(self) -> SessionStatus:
        """Take this as a sign of life from the caller's session, written at once.

        Raises:
            Unauthenticated: the caller has none, or it has ended.
        """
        session = await self.live(self.uow.actor.session_id, lock=True)
        session.last_seen_at = self.uow.now
        await self.uow.session.flush()
        return self._status(session)

    async def is_recent(self, session_id: UUID) -> bool:
        """Whether the person of a live session has shown lately who he is."""
        session = await self.rows.get(session_id)
        if session is None or not _is_live(session, self.uow.now):
            return False
        return session.proven_at > self.uow.now - timedelta(seconds=self._settings.reauthentication_seconds)

    async def live(self, session_id: UUID | None, *, lock: bool = False) -> Session:
        """A session that goes on.

        Raises:
            Unauthenticated: there is none, or it has ended.
        """
        session = await self.rows.get(session_id, lock=lock) if session_id is not None else None
        if session is None or not _is_live(session, self.uow.now):
            raise Unauthenticated("The session has ended; sign in again.")
        return session

    def _status(self, session: Session) -> SessionStatus:
        now = self.uow.now
        idle_ends = session.expires_at
        if session.idle_seconds is not None:
            idle_ends = min(idle_ends, session.last_seen_at + timedelta(seconds=session.idle_seconds))
        warning = self._settings.idle_warning_seconds
        if session.idle_seconds is not None:
            warning = min(warning, session.idle_seconds // 4)
        left = max(0, int((idle_ends - now).total_seconds()))
        return SessionStatus(
            session_id=session.id,
            seconds_left=left,
            idle_seconds=session.idle_seconds,
            idle_expires_at=idle_ends,
            warning_seconds=warning,
            is_warning=left <= warning,
            absolute_seconds_left=max(0, int((session.expires_at - now).total_seconds())),
            absolute_expires_at=session.expires_at,
            last_seen_at=session.last_seen_at,
        )

    async def revoke_token(self, token: str, reason: str) -> None:
        """End the session of a refresh token, if it is live."""
        found = await self.rows.find_token(_hash(token))
        if found is not None:
            session = await self.rows.get(found.session_id, lock=True)
            if session is not None:
                await self.revoke(session, reason)

    async def revoke_own(self, session_id: UUID, reason: str) -> None:
        """End one of the caller's sessions.

        Raises:
            NotFound: the caller has no such live session.
        """
        session = await self.rows.get(session_id, lock=True)
        if session is None or session.user_id != self.uow.actor.user_id or session.revoked_at is not None:
            raise NotFound("There is no such session.", resource="session")
        await self.revoke(session, reason)

    async def revoke_all(self, user_id: UUID, reason: str, *, keep: UUID | None = None) -> int:
        """End all live sessions of a person, but for one; return how many."""
        sessions = [s for s in await self.rows.live_of(user_id, lock=True) if s.id != keep]
        await self._revoke(sessions, reason)
        return len(sessions)

    async def revoke_acting(self, user_id: UUID, reason: str) -> None:
        """End the live sessions in which a person acts as others."""
        await self._revoke(await self.rows.acting_of(user_id), reason)

    async def revoke(self, session: Session, reason: str) -> None:
        """End a session that is locked; one that has ended stays as it is."""
        if session.revoked_at is None:
            await self._revoke([session], reason)

    async def _revoke(self, sessions: Sequence[Session], reason: str) -> None:
        for session in sessions:
            session.revoked_at, session.revoked_reason = self.uow.now, reason
        await self.uow.session.flush()
        for session in sessions:
            user = await self.uow.session.get(User, session.user_id)
            tenant_id = (user.home_tenant_id if user else None) or OPERATOR_TENANT_ID
            self.uow.emit(
                SessionRevoked(session_id=session.id, user_id=session.user_id, reason=reason),
                tenant_id=tenant_id,
            )
            self.uow.emit(
                change_recorded("identity", "signed_out", "session", session.id, None, {"reason": reason}),
                tenant_id=tenant_id,
            )

    def _new_token(self, session: Session) -> tuple[str, RefreshToken]:
        text = secrets.token_urlsafe(32)
        life = timedelta(seconds=self._settings.refresh_seconds)
        token = unsaved(
            RefreshToken,
            token_hash=_hash(text),
            session_id=session.id,
            created_at=self.uow.now,
            expires_at=min(self.uow.now + life, session.expires_at),
        )
        return text, token


def _is_live(session: Session, now: datetime) -> bool:
    return session.revoked_at is None and session.expires_at > now and not is_idle(session, now)


def _hash(token: str) -> bytes:
    # The token is 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(token.encode()).digest()
