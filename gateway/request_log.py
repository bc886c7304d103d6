"""The last requests of this process, for operators: who, what, status, milliseconds, request id."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from gateway.exchange import Exchange
from gateway.paths import Path
from gateway.routes import Target, visible
from libs.common.actor import Actor
from libs.common.clock import Clock

_SECRET = re.compile(
    r"token|secret|password|passwd|key|signature|sig$|code|otp|state|auth|session|hash", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_MASK = "***"


# Id, end, method, path, target, query, status, milliseconds, service, request id, client, actor.
_Kept = tuple[UUID, datetime, str, Path, Target | None, bytes, int, float, str, str, str, Actor | None]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request; `at` is when it ended. `user` is the e-mail address, or what else names the caller."""

    id: UUID
    at: datetime
    method: str
    path: str
    query: str
    status: int
    ms: float
    service: str
    request_id: str
    client: str
    user: str | None
    user_id: UUID | None
    tenant_id: UUID | None

    def to_json(self) -> dict[str, Any]:
        """As it is listed."""
        return asdict(self)


class RequestLog:
    """A ring of the last `size` requests, newest first when read; what is kept becomes a record only then."""

    def __init__(self, size: int, clock: Clock) -> None:
        self._kept: deque[_Kept] = deque(maxlen=size)
        self._clock = clock

    def add(self, exchange: Exchange) -> None:
        """Remember a finished exchange."""
        self._kept.append(
            (
                exchange.id,
                self._clock.now(),
                exchange.method,
                exchange.path,
                exchange.target,
                exchange.query,
                exchange.status,
                exchange.milliseconds,
                exchange.service,
                exchange.request_id,
                exchange.client,
                exchange.actor,
            )
        )

    def newest(
        self, matches: Callable[[RequestRecord], bool], before: UUID | None
    ) -> Iterator[RequestRecord]:
        """The records that match, newest first, those before one id."""
        # By id, which is by arrival: they were appended in the order in which they ended.
        for kept in sorted(self._kept, key=itemgetter(0), reverse=True):
            if before is None or kept[0] < before:
                record = _record(kept)
                if matches(record):
                    yield record


def _record(kept: _Kept) -> RequestRecord:
    id_, at, method, path, target, query, status, ms, service, request_id, client, actor = kept
    return RequestRecord(
        id=id_,
        at=at,
        method=method,
        path=visible(path, target),
        query=masked(query) if query else "",
        status=status,
        ms=round(ms, 2),
        service=service,
        request_id=request_id,
        client=client,
        user=None if actor is None else actor.email or actor.name or actor.kind.value,
        user_id=None if actor is None else actor.user_id,
        tenant_id=None if actor is None else actor.tenant_id,
    )


def masked(query: bytes) -> str:
    """A query string with the values of parameters that may be secrets left out, and what may be a card number."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(n, _MASK if _SECRET.search(n) else _CARD.sub(_MASK, v)) for n, v in pairs], safe="*")
