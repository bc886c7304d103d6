"""Paths that two parsers could read in two ways reach nobody, and no path reaches what is internal."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.e2e.hostile.wire import Recorder, gateway_before, recording, say

# Every one would be `/internal/…`, another service's path or a file, to a reader that is less strict than ours.
REFUSED = (
    "/internal/authenticate",
    "/api/internal/authenticate",
    "/api/v1/internal/authenticate",
    "/api/v1/INTERNAL/authenticate",
    "/api/v1/public/../internal/x",
    "/api/v1/public/./internal/x",
    "/api/v1/public/..;/internal/x",
    "/api/v1/public/..;a=b/internal/x",
    "/api/v1/public/.;/x",
    "/api/v1/public/%2e%2e/internal/x",
    "/api/v1/public/%2E%2e/internal/x",
    "/api/v1/public/.%2e/internal/x",
    "/api/v1/public/%252e%252e/internal/x",
    "/api/v1/public/%25252e%25252e/x",
    "/api/v1/public/..%2finternal/x",
    "/api/v1/public/..%5cinternal/x",
    "/api/v1/public/a%2f..%2finternal",
    "/api/v1/public/a%252fb",
    "/api/v1/public/a%5cb",
    "/api/v1/public/a%255cb",
    "/api/v1/public/..\\internal\\x",
    "/api/v1/public\\..\\internal",
    "/api/v1//internal/x",
    "//api/v1/internal/x",
    "//evil.example/api/v1/public/x",
    "/api//v1/public/x",
    "/api/v1/public//x",
    "/api/v1/public/x//",
    "/api/v1/public/a%00b",
    "/api/v1/public/a%2500b",
    "/api/v1/public/a%0d%0aX-A:b",
    "/api/v1/public/a%0ab",
    "/api/v1/public/a%1bb",
    "/api/v1/public/a%7fb",
    "/api/v1/public/%c0%ae%c0%ae/internal",
    "/api/v1/public/%c0%af",
    "/api/v1/public/%e0%80%af",
    "/api/v1/public/%f0%80%80%af",
    "/api/v1/public/%ed%a0%80",
    "/api/v1/public/%ff",
    "/api/v1/public/%u002e%u002e/x",
    "/api/v1/public/%",
    "/api/v1/public/%2",
    "/api/v1/public/%zz",
    "/api/v1/public/a b",
    '/api/v1/public/a"b',
    "/api/v1/public/<a>",
    "/api/v1/public/a|b",
    "/api/v1/public/a^b",
    "/api/v1/public/{a}",
    "/api/v1;a=b/public/x",
    "/api;/v1/public/x",
    "/API/V1/public/x",
    "/api/v1/Public/x",
    "/api/v1/public./x",
    "/api/v1/public%20/x",
    "/api/v2/public/x",
    "/public/x",
    "public/x",
    "*",
    "/healthz/../api/v1/internal/x",
    "/metrics/..%2finternal",
    "/docs/../../etc/passwd",
    "/static/..%2f..%2fetc/passwd",
    "/api/v1/public/" + "a/" * 5_000,
    "/api/v1/public/" + "a" * 9_000,
    "/" + "../" * 500,
    "/" + "%2e%2e%2f" * 500,
)
# Odd, but of one meaning: what arrives is what was sent.
TAKEN = {
    "/api/v1/public/a;b=c": "/public/a;b=c",
    "/api/v1/public/a...": "/public/a...",
    "/api/v1/public/...": "/public/...",
    "/api/v1/public/a.": "/public/a.",
    "/api/v1/public/caf%C3%A9%20noir": "/public/caf%C3%A9%20noir",
    "/api/v1/public/a%3Fb%23c": "/public/a%3Fb%23c",
    "/api/v1/public/a%25b": "/public/a%25b",
    "/api/v1/public/internal": "/public/internal",
    "/api/v1/public/a/": "/public/a",
    "/api/public/a": "/public/a",
    "/api/v1/public/a?b=../../internal&c=%2e%2e%2f": "/public/a?b=../../internal&c=%2e%2e%2f",
    "/api/v1/public/a?" + "b=c&" * 1_000: "/public/a?" + "b=c&" * 1_000,
}


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[tuple[int, Recorder]]:
    """The port of a gateway, and the service behind it."""
    async with recording() as recorder, gateway_before(recorder) as port:
        yield port, recorder


async def ask(port: int, path: str) -> int:
    """The status of a GET, sent as it is."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return (await say(port, request.encode())).statuses[0]


async def test_no_odd_path_reaches_a_service(wire: tuple[int, Recorder]) -> None:
    port, service = wire
    statuses = await asyncio.gather(*(ask(port, path) for path in REFUSED))
    wrong = [
        f"{path[:80]}: {status}"
        for path, status in zip(REFUSED, statuses, strict=True)
        if not 400 <= status < 500
    ]
    assert not wrong, "\n".join(wrong)
    assert not service.arrived, [arrived.line for arrived in service.arrived]


async def test_what_is_taken_arrives_as_it_was_sent(wire: tuple[int, Recorder]) -> None:
    port, service = wire
    for path, expected in TAKEN.items():
        service.arrived.clear()
        assert await ask(port, path) == 200, path[:80]
        assert [arrived.line for arrived in service.arrived] == [f"GET {expected} HTTP/1.1"]


@pytest.mark.parametrize(
    "host", ["evil.example", "x@evil.example", "127.0.0.1:1", "[::1]", "x\tb", "a/b", "é"]
)
async def test_the_host_of_a_client_leads_nobody_astray(wire: tuple[int, Recorder], host: str) -> None:
    port, service = wire
    service.arrived.clear()
    request = f"GET /api/v1/public/a HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\n\r\n"
    answer = await say(port, request.encode("latin-1"))
    assert b"evil.example" not in answer.data
    assert b"\r\nlocation:" not in answer.data.lower()
    is_name = host in ("evil.example", "127.0.0.1:1", "[::1]")
    assert (answer.statuses, len(service.arrived)) == (((200,), 1) if is_name else ((400,), 0))
    for arrived in service.arrived:
        assert arrived.values("x-forwarded-host") == [host]
        assert arrived.values("host") == [service.url.removeprefix("http://")]
