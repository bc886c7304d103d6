"""Calls a service's ASGI app in this process: the same messages, no copy, no buffer."""

from urllib.parse import unquote

from gateway.body import Body
from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.proxy.relay import Relay
from libs.common.http.middleware import App

# What belongs to the outer app or its server, and would mislead the inner one.
_NOT_PASSED = frozenset({"state", "app", "router", "endpoint", "path_params", "route", "extensions"})


async def call_app(
    app: App, exchange: Exchange, path: str, headers: RawHeaders, body: Body, relay: Relay
) -> None:
    """Let an app answer. `path` is its own, percent-encoded."""
    scope = {name: value for name, value in exchange.scope.items() if name not in _NOT_PASSED}
    scope |= {
        # Apps answer GET; the body is left away for HEAD on the way out.
        "method": "GET" if exchange.method == "HEAD" else exchange.method,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", exchange.headers.get(b"host", b"")), *headers],
        "client": (exchange.client, 0),
        "scheme": exchange.scheme,
    }
    await app(scope, body, relay)
