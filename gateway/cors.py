"""Cross-origin requests (the Fetch standard): which frontends on other hosts may call from a browser.

Credentials travel in a header that scripts set themselves, never in cookies, so `Allow-Credentials` is never sent.
"""

from urllib.parse import urlsplit

from gateway.exchange import Exchange

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_EXPOSED = (
    b"content-disposition, etag, idempotency-replayed, location, ratelimit-limit, ratelimit-remaining, "
    b"ratelimit-reset, retry-after, x-request-id"
)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Cors:
    """Decides on origins. With `allows_local` any origin on this machine is taken."""

    def __init__(self, origins: list[str], *, allows_local: bool) -> None:
        self._any = "*" in origins
        self._origins = {origin.rstrip("/") for origin in origins}
        self._allows_local = allows_local

    def allows(self, origin: str) -> bool:
        """Whether scripts of an origin may call."""
        if self._any or origin in self._origins:
            return True
        return self._allows_local and _host(origin) in _LOCAL

    def prepare(self, exchange: Exchange) -> None:
        """Add to the answer what lets an allowed origin read it."""
        origin = exchange.headers.get(b"origin")
        if origin is None:
            return
        exchange.response_headers.append((b"vary", b"origin"))
        if self.allows(origin.decode("latin-1")):
            exchange.response_headers += [
                (b"access-control-allow-origin", b"*" if self._any else origin),
                (b"access-control-expose-headers", _EXPOSED),
            ]

    def preflight(self, exchange: Exchange) -> list[tuple[bytes, bytes]] | None:
        """The headers that answer a preflight, or None where the request is none."""
        asked = exchange.headers.get(b"access-control-request-method")
        origin = exchange.headers.get(b"origin")
        if exchange.method != "OPTIONS" or asked is None or origin is None:
            return None
        if not self.allows(origin.decode("latin-1")):
            return []
        headers = [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", b"600"),
        ]
        wanted = exchange.headers.get(b"access-control-request-headers")
        if wanted is not None:
            headers.append((b"access-control-allow-headers", wanted))
        return headers


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        # Brackets that hold no address.
        return None
