"""How handling an event, or a job, can fail: what is to come again, what never can be handled, and what is nobody's fault."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libs.common.logging import scrub

# SQLSTATE classes of a server that cannot serve anybody now: connection lost, resources exhausted, shutting down.
_AWAY = ("08", "53", "57P")


class RetryLater(Exception):
    """A handler needs a fact that has not arrived yet; the event is delivered again after a while."""


class Deadly(Exception):
    """The process ended, time and again, while it handled the event."""


class Unreadable(Exception):
    """The event is not one that the subscription can read: its type, version or data are unknown to it."""


def is_outage(error: BaseException) -> bool:
    """Whether the error says that the database cannot serve now, rather than that the handler failed.

    A bare `ConnectionError` does not: the database's driver has its own, so that is a mail server or the like.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        cause = error.orig
        return isinstance(cause, psycopg.Error) and is_outage(cause)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return error.sqlstate is None or error.sqlstate.startswith(_AWAY)
    return isinstance(error, PoolTimeout)


def reason_of(error: BaseException) -> str:
    """An error as operators read it, at most 2,000 characters."""
    return storable(scrub(f"{type(error).__name__}: {error}"))[:2000]


def storable(text: str) -> str:
    """A text without what Postgres cannot store: NUL characters and halves of surrogate pairs."""
    return text.replace("\0", "\\0").encode("utf-8", "replace").decode()
