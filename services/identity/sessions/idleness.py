"""When a session has been idle for too long.

A request is noted at the gateway by the first question about its session after a while, so "last seen" is behind the
truth by up to `lag` seconds. A session may therefore live so much longer than it should; it never ends early.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_

from services.identity.sessions.models import Session

# What the gateway keeps of an answer, at most, and how often "last seen" is written, at most.
_KEPT_SECONDS, _NOTED_SECONDS = 30.0, 60.0
_SHARE = 20


def kept_seconds(idle_seconds: int | None) -> float:
    """How long an answer about a session may be used without asking again."""
    return _KEPT_SECONDS if idle_seconds is None else min(_KEPT_SECONDS, idle_seconds / _SHARE)


def noted_seconds(idle_seconds: int | None) -> float:
    """How old "last seen" must be before it is written again."""
    return _NOTED_SECONDS if idle_seconds is None else min(_NOTED_SECONDS, idle_seconds / _SHARE)


def lag(idle_seconds: int) -> float:
    """By how much "last seen" may be behind, in seconds."""
    return kept_seconds(idle_seconds) + noted_seconds(idle_seconds)


def is_not_idle(now: Any) -> ColumnElement[bool]:
    """The condition that a session has not been idle for too long; `now` is a time or a parameter that holds one."""
    slack = func.least(_KEPT_SECONDS + _NOTED_SECONDS, Session.idle_seconds * (2 / _SHARE))
    limit = func.make_interval(0, 0, 0, 0, 0, 0, Session.idle_seconds + slack)
    return or_(Session.idle_seconds.is_(None), Session.last_seen_at + limit > now)


def is_idle(session: Session, now: datetime) -> bool:
    """Whether a session has been idle for too long."""
    if session.idle_seconds is None:
        return False
    limit = session.idle_seconds + lag(session.idle_seconds)
    return session.last_seen_at + timedelta(seconds=limit) <= now
