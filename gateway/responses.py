"""The gateway's own answers: JSON, pages, problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.errors import Refused
from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.writer import Writer
from libs.common.errors import AppError
from libs.common.http.problems import MEDIA_TYPE, problem_body


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw_headers(self) -> RawHeaders:
        """The headers as ASGI wants them."""
        headers = [
            (n.lower().encode("latin-1"), v.encode("latin-1", "replace")) for n, v in self.headers.items()
        ]
        if self.content_type is not None:
            headers.append((b"content-type", self.content_type.encode()))
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(self.body)))
        return headers


def json_answer(document: Any, status: int = 200, **headers: str) -> Answer:
    """JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, orjson.dumps(document, default=str), "application/json", named)


def problem_answer(error: AppError, exchange: Exchange) -> Answer:
    """A problem document; one that identity wrote is passed on with our request id."""
    if isinstance(error, Refused):
        instance, status = exchange.path.text, error.problem_status
        body = {**error.problem, "status": status, "instance": instance, "request_id": exchange.request_id}
    else:
        status = error.status
        body = problem_body("gateway", error, instance=exchange.path.text, request_id=exchange.request_id)
    return Answer(status, orjson.dumps(body, default=str), MEDIA_TYPE, error.headers)


async def send(answer: Answer, writer: Writer) -> None:
    """Send a complete answer."""
    await writer({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers()})
    await writer({"type": "http.response.body", "body": answer.body, "more_body": False})
