"""The gateway's own answers: JSON, pages, problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.writer import Writer
from libs.common.errors import AppError
from libs.common.http.problems import MEDIA_TYPE, problem_body
from libs.common.runtime.upstreams import UpstreamProblem


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


def json_answer(document: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON."""
    return Answer(status, orjson.dumps(document, default=str), "application/json", headers or {})


def unless_known(answer: Answer, etag: str, exchange: Exchange) -> Answer:
    """The answer with its ETag, or 304 where the client has this version already."""
    headers = {**answer.headers, "ETag": etag}
    known = exchange.header(b"if-none-match") or ""
    if known.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Answer(304, headers=headers)
    return replace(answer, headers=headers)


def problem_answer(error: AppError, exchange: Exchange) -> Answer:
    """A problem document; one that a service wrote is passed on with our request id."""
    if isinstance(error, UpstreamProblem) and error.upstream_status < 500:
        status = error.upstream_status
        about = {"status": status, "instance": exchange.path.text, "request_id": exchange.request_id}
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}
        return Answer(status, orjson.dumps({**error.problem, **about}), MEDIA_TYPE, headers)
    body = problem_body("gateway", error, instance=exchange.path.text, request_id=exchange.request_id)
    return Answer(error.status, orjson.dumps(body, default=str), MEDIA_TYPE, error.headers)


async def send(answer: Answer, writer: Writer) -> None:
    """Send a complete answer."""
    await writer.start(answer.status, answer.raw_headers())
    await writer.part(answer.body, False)
