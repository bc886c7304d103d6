"""The last requests of this process, for operators: who, what, status, milliseconds, request id."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from gateway.exchange import Exchange
from gateway.routes import visible
from libs.common.clock import Clock

_SECRET = re.compile(
    r"token|secret|password|passwd|key|signature|sig$|code|otp|state|auth|session|hash", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_MASK = "***"


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
    """A ring of the last `size` requests, newest first when read."""

    def __init__(self, size: int, clock: Clock) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=size)
        self._clock = clock

    def add(self, exchange: Exchange) -> None:
        """Remember a finished exchange."""
        actor = exchange.actor
        self._records.append(
            RequestRecord(
                id=exchange.id,
                at=self._clock.now(),
                method=exchange.method,
                path=visible(exchange.path, exchange.target),
                query=masked(exchange.query) if exchange.query else "",
                status=exchange.status,
                ms=round(exchange.milliseconds, 2),
                service=exchange.service,
                request_id=exchange.request_id,
                client=exchange.client,
                user=None if actor is None else actor.email or actor.name or actor.kind.value,
                user_id=None if actor is None else actor.user_id,
                tenant_id=None if actor is None else actor.tenant_id,
            )
        )

    def newest(
        self, matches: Callable[[RequestRecord], bool], before: UUID | None
    ) -> Iterator[RequestRecord]:
        """The records that match, newest first, those before one id."""
        # By id, which is by arrival: they were appended in the order in which they ended.
        for record in sorted(self._records, key=lambda r: r.id, reverse=True):
            if (before is None or record.id < before) and matches(record):
                yield record


def masked(query: bytes) -> str:
    """A query string with the values of parameters that may be secrets left out, and what may be a card number."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(n, _MASK if _SECRET.search(n) else _CARD.sub(_MASK, v)) for n, v in pairs], safe="*")
