"""What one client may hold of a server: connections, time to send a head, time to read an answer, bytes beside a body.

A connection without a request in hand costs nobody anything but memory, so where there are too many it is those that
waited longest that are closed, and a newcomer is served; it is refused only where all others are at work.
"""

import asyncio
import contextlib
import resource
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from libs.common.errors import AppError, BadRequest, Unavailable
from libs.common.http.problems import MEDIA_TYPE, problem_body

_TICK_SECONDS = 1.0
_MOST_FILES = 65_536


class HeadTooLarge(AppError):
    """The request line and headers, or what frames the body, are larger than a server reads."""

    status = 431
    slug = "headers-too-large"
    title = "Headers too large"


class HeadTimeout(AppError):
    """The head of a request did not arrive in time."""

    status = 408
    slug = "request-timeout"
    title = "The request took too long to arrive"


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits of one server.

    Attributes:
        most: connections in all.
        most_of_address: connections of one address; None where all come from our own processes.
        is_exempt: addresses that this does not hold for, such as load balancers.
        head_seconds: from the connection, or the first byte of a later request, to the end of its headers.
        idle_seconds: between an answer and the next request.
        write_seconds: for the client to take any of an answer that is ready for it.
        head_bytes: read of a head, or of chunk framing and trailers, before the connection is closed.
    """

    most: int = 20_000
    most_of_address: int | None = None
    is_exempt: Callable[[str], bool] = lambda address: False
    head_seconds: float = 15.0
    idle_seconds: float = 75.0
    write_seconds: float = 60.0
    head_bytes: int = 131_072


@dataclass(slots=True)
class _Address:
    count: int = 0
    # Those without a request in hand, the longest waiting first.
    waiting: dict["Connection", None] = field(default_factory=dict)


class Connection(ABC):
    """What the table asks of a connection, and what it keeps of it."""

    address: str

    @abstractmethod
    def refuse(self, error: AppError) -> None:
        """Answer with a problem, where that is possible, and close."""

    @abstractmethod
    def leave(self) -> None:
        """Close without a word."""

    @abstractmethod
    def drop(self) -> None:
        """Close at once, and forget what is not sent yet."""


class ConnectionTable:
    """The connections of one server. Each waits (for a head, or idle) or is at work; the tick ends those that waited
    too long.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._members: set[Connection] = set()
        self._loop = asyncio.get_running_loop()
        # By the moment they began to wait, which is the order in which their time ends.
        self._heads: dict[Connection, float] = {}
        self._idle: dict[Connection, float] = {}
        self._stuck: dict[Connection, float] = {}
        self._addresses: dict[str, _Address] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._members)

    def open(self, connection: Connection) -> bool:
        """Take in a new one; False where it was refused."""
        limits = self.limits
        address = self._addresses.setdefault(connection.address, _Address())
        address.count += 1
        self._members.add(connection)
        self._heads[connection] = self._loop.time()
        address.waiting[connection] = None
        if self._timer is None:
            self._timer = self._loop.call_later(_TICK_SECONDS, self._tick)
        is_too_many = (
            limits.most_of_address is not None
            and address.count > limits.most_of_address
            and not limits.is_exempt(connection.address)
        )
        if is_too_many:
            return self._make_room(next(iter(address.waiting)), connection)
        if self.total > limits.most:
            return self._make_room(self._longest_waiting(), connection)
        return True

    def close(self, connection: Connection) -> None:
        """Forget one that is closed."""
        if connection not in self._members:
            return
        self._members.remove(connection)
        address = self._addresses[connection.address]
        address.count -= 1
        address.waiting.pop(connection, None)
        if not address.count:
            del self._addresses[connection.address]
        for table in (self._heads, self._idle, self._stuck):
            table.pop(connection, None)

    def works(self, connection: Connection) -> None:
        """Its head is whole: a request is in hand."""
        if connection not in self._members:
            return
        self._heads.pop(connection, None)
        self._idle.pop(connection, None)
        self._addresses[connection.address].waiting.pop(connection, None)

    def waits(self, connection: Connection) -> None:
        """Its last request is answered."""
        if connection not in self._members:
            return
        self._idle[connection] = self._loop.time()
        self._addresses[connection.address].waiting[connection] = None

    def begins(self, connection: Connection) -> None:
        """The first byte of a later request is here."""
        if self._idle.pop(connection, None) is not None:
            self._heads[connection] = self._loop.time()

    def stuck(self, connection: Connection, is_stuck: bool) -> None:
        """The client takes nothing of its answer, or does again."""
        if is_stuck and connection in self._members:
            self._stuck[connection] = self._loop.time()
        else:
            self._stuck.pop(connection, None)

    def stop(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _longest_waiting(self) -> Connection:
        firsts = [next(iter(table.items())) for table in (self._heads, self._idle) if table]
        return min(firsts, key=lambda item: item[1])[0]

    def _make_room(self, victim: Connection, newcomer: Connection) -> bool:
        if victim is newcomer:
            newcomer.refuse(Unavailable("There are too many connections; try again.", retry_after=1))
            return False
        victim.leave()
        self.close(victim)
        return True

    def _tick(self) -> None:
        now = self._loop.time()
        limits = self.limits
        self._expire(self._idle, now - limits.idle_seconds, lambda c: c.leave())
        self._expire(
            self._heads,
            now - limits.head_seconds,
            lambda c: c.refuse(HeadTimeout("The head of the request did not arrive in time.")),
        )
        self._expire(self._stuck, now - limits.write_seconds, lambda c: c.drop())
        self._timer = self._loop.call_later(_TICK_SECONDS, self._tick) if self._members else None

    def _expire(
        self, table: dict[Connection, float], before: float, end: Callable[[Connection], None]
    ) -> None:
        for connection, since in list(_until(table, before)):
            if table.pop(connection, None) == since:
                end(connection)


def _until(table: dict[Connection, float], before: float) -> Any:
    for connection, since in table.items():
        if since > before:
            return
        yield connection, since


def raw_problem(error: AppError) -> bytes:
    """A whole HTTP/1.1 answer that closes the connection, for where no application can be asked."""
    body = orjson.dumps(problem_body("gateway", error))
    retry = b"retry-after: 1\r\n" if isinstance(error, Unavailable) else b""
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%sconnection: close\r\n\r\n%s" % (
        error.status,
        error.title.encode("ascii", "replace"),
        MEDIA_TYPE.encode(),
        len(body),
        retry,
        body,
    )


def raise_file_limit() -> int:
    """Let this process open as many files as it may (usually the default is far less); return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, _MOST_FILES) if hard != resource.RLIM_INFINITY else _MOST_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft if soft != resource.RLIM_INFINITY else _MOST_FILES


NOT_HTTP = raw_problem(BadRequest("This is not valid HTTP/1.1."))
