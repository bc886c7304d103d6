"""Request headers: reading them once, and which of them a service gets to see."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain
from typing import Final

from gateway.errors import HeadersTooLarge
from gateway.settings import Network
from libs.common.errors import BadRequest

RawHeaders = list[tuple[bytes, bytes]]

# Where two would let two readers disagree.
_SINGLE: Final = frozenset(
    {
        b"host",
        b"authorization",
        b"content-length",
        b"content-type",
        b"x-api-key",
        b"x-company-id",
        b"idempotency-key",
    }
)
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
# Set by us, or settled by us; what the client says about them does not reach a service.
_OURS: Final = frozenset(
    {
        b"accept-encoding",
        b"authorization",
        b"expect",
        b"forwarded",
        b"host",
        # Some runtimes take it for the variable HTTP_PROXY.
        b"proxy",
        b"traceparent",
        b"via",
        b"x-api-key",
        b"x-real-ip",
        b"x-request-id",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
    }
)
_NOT_FORWARDED: Final = _HOP_BY_HOP | _OURS
_OURS_PREFIXES: Final = (b"x-pillars-", b"x-forwarded-")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._\-]{7,63}")


def read(raw: RawHeaders, limit: int) -> dict[bytes, bytes]:
    """The headers by lower-case name; of repeated ones the values are joined with a comma.

    Raises:
        HeadersTooLarge: they take more than `limit` bytes.
        BadRequest: one that must be single comes twice.
    """
    if len(b"".join(chain.from_iterable(raw))) + 4 * len(raw) > limit:
        raise HeadersTooLarge(f"The headers take more than {limit} bytes.", limit_bytes=limit)
    headers = dict(raw)
    return headers if len(headers) == len(raw) else _joined(raw)


def _joined(raw: RawHeaders) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            raise BadRequest(f"The header {name.decode('latin-1')} may come once only.")
        else:
            headers[name] += b", " + value
    return headers


def request_id(value: bytes) -> str | None:
    """The client's request id, where it sent a sane one."""
    return value.decode() if value and _REQUEST_ID.fullmatch(value) else None


def forwarded(
    raw: Iterable[tuple[bytes, bytes]], headers: dict[bytes, bytes], *, with_credential: bool
) -> RawHeaders:
    """What is passed on of the client's headers: no hop-by-hop ones, none that we set, no credential.

    `with_credential` lets `Authorization` and `X-API-Key` through, to services that judge them themselves.
    """
    dropped = _NOT_FORWARDED
    if b"connection" in headers:
        dropped = dropped | {n.strip().lower() for n in headers[b"connection"].split(b",")}
    kept = [
        (name, value)
        for name, value in raw
        if name not in dropped
        # Some servers read "x_pillars_actor" as "x-pillars-actor".
        and b"_" not in name
        and not name.startswith(_OURS_PREFIXES)
    ]
    if with_credential:
        kept += [(n, headers[n]) for n in (b"authorization", b"x-api-key") if n in headers]
    return kept


_NOT_ANSWERED: Final = _HOP_BY_HOP | {b"server", b"date", b"x-request-id"}


def answered(raw: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """What is passed on of a service's response headers, with names in lower case."""
    return [(lower, value) for name, value in raw if (lower := _answered_name(name)) is not None]


# Services have few names of headers.
@lru_cache(maxsize=512)
def _answered_name(name: bytes) -> bytes | None:
    lower = name.lower()
    return None if lower in _NOT_ANSWERED or lower.startswith(b"x-pillars-") else lower


@lru_cache(maxsize=4096)
def _ip(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def is_in(address: str, networks: list[Network]) -> bool:
    """Whether an address lies in one of the networks; what is not an address lies in none."""
    ip = _ip(address)
    return ip is not None and any(ip.version == network.version and ip in network for network in networks)


def client_of(peer: str, headers: dict[bytes, bytes], trusted: list[Network]) -> str:
    """The client's address: the peer, or behind trusted proxies the last address they did not add themselves."""
    if not trusted or not is_in(peer, trusted):
        return peer
    chain = [part.strip() for part in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
    for hop in reversed(chain):
        if not hop:
            continue
        if _ip(hop) is None:
            return peer
        if not is_in(hop, trusted):
            return hop
    return peer
