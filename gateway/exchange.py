"""One request and its answer: what was asked, by whom, and what went out."""

import re
import time
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs
from uuid import UUID

from gateway import headers as header_rules
from gateway.errors import HostNotServed, TargetTooLong
from gateway.paths import Path
from gateway.routes import Target
from gateway.settings import GatewaySettings
from libs.common.actor import Actor
from libs.common.errors import BadRequest
from libs.common.http.middleware import Receive, Scope, Send
from libs.common.ids import new_id

# RFC 9110, section 7.2, as far as names are used: no user, no path, no other script than ASCII.
_HOST = re.compile(rb"([A-Za-z0-9._~\-]{0,255}|\[[0-9A-Fa-f:.]{1,255}\])(:[0-9]{0,5})?")
UNREAD_PATH = Path("/", (), is_api=False)


@dataclass(slots=True)
class Exchange:
    """Filled in on the way through the gateway.

    Attributes:
        id: ours; `request_id` is the client's own where it sent a sane one, else the same.
        query: the raw query string.
        headers: the request headers by lower-case name.
        client, scheme, host: as the client sees them; `host` in lower case without the port.
        actor: who asks, once known; `identity` is its signed header.
        service: who answers: a service, `gateway`, or `none`.
        response_headers: what the gateway adds to the answer.
        status: of the answer, 0 before it began.
        is_probe: whether a machine asks every few seconds, which would only fill the logs.
        milliseconds: how long it took, once it has ended.
    """

    scope: Scope
    receive: Receive
    send: Send
    method: str
    id: UUID
    request_id: str
    query: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    client: str = ""
    scheme: str = "http"
    host: str = ""
    path: Path = UNREAD_PATH
    target: Target | None = None
    service: str = "none"
    actor: Actor | None = None
    identity: str = ""
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    status: int = 0
    is_complete: bool = False
    is_probe: bool = False
    started: float = field(default_factory=time.perf_counter)
    milliseconds: float = 0.0

    def parameters(self) -> dict[str, list[str]]:
        """The values of each query parameter."""
        return parse_qs(self.query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)

    def header(self, name: bytes) -> str | None:
        """A request header as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def end(self) -> None:
        """It is over."""
        self.milliseconds = (time.perf_counter() - self.started) * 1000


def open_exchange(scope: Scope, receive: Receive, send: Send) -> Exchange:
    """An exchange that knows its method and has an id; reading the rest may fail, and the failure needs the id."""
    sent = dict(scope["headers"]).get(b"x-request-id", b"")
    own_id = new_id()
    return Exchange(
        scope,
        receive,
        send,
        scope["method"],
        own_id,
        header_rules.request_id(sent) or str(own_id),
        scope.get("query_string", b""),
    )


def read_head(exchange: Exchange, settings: GatewaySettings) -> None:
    """Read the headers: sizes, host, and who is at the other end.

    Raises:
        HeadersTooLarge, TargetTooLong, HostNotServed, BadRequest: the head of the request is not acceptable.
    """
    scope = exchange.scope
    target = len(raw_path(scope)) + len(exchange.query)
    if target > settings.max_target_bytes:
        raise TargetTooLong(
            f"Path and query take more than {settings.max_target_bytes} bytes.",
            limit_bytes=settings.max_target_bytes,
        )
    exchange.headers = headers = header_rules.read(scope["headers"], settings.max_header_bytes)
    client = scope.get("client")
    peer = client[0] if client else ""
    exchange.client = header_rules.client_of(peer, headers, settings.trusted_proxies)
    exchange.scheme = scope.get("scheme", "http")
    exchange.host = _host_name(headers.get(b"host", b""))
    if settings.trusted_proxies and header_rules.is_in(peer, settings.trusted_proxies):
        if b"x-forwarded-host" in headers:
            exchange.host = _without_port(headers[b"x-forwarded-host"])
        if headers.get(b"x-forwarded-proto") in (b"http", b"https"):
            exchange.scheme = headers[b"x-forwarded-proto"].decode()
    if settings.allowed_hosts != ["*"] and not any(
        _fits(exchange.host, p.lower()) for p in settings.allowed_hosts
    ):
        raise HostNotServed("This host name is not served here.")


def raw_path(scope: Scope) -> bytes:
    """The path as it came over the wire, without the query."""
    raw: bytes | None = scope.get("raw_path")
    return raw.partition(b"?")[0] if raw else scope["path"].encode("utf-8", "surrogateescape")


# What is refused is not kept.
@lru_cache(maxsize=1024)
def _host_name(host: bytes) -> str:
    if not _HOST.fullmatch(host):
        raise BadRequest("The Host header is not a host name.")
    return _without_port(host)


def _without_port(raw: bytes) -> str:
    host = raw.decode("latin-1").strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".")


def _fits(host: str, pattern: str) -> bool:
    if pattern == "*" or host == pattern:
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])
