"""What clients send makes no line of a log of its own, and steers no terminal."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.wire import say
from libs.common.logging import JsonFormatter, TextFormatter

FORGED = '\r\n{"level":"ERROR","message":"forged"}\n12:00:00 ERROR   pillars  forged\x1b[2Jforged\u2028forged\x85forged'
_LINE = re.compile(r"\d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR|CRITICAL) +\S+  |    \| ")
STEERING = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"}


@contextmanager
def logged() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """All that is logged meanwhile, as JSON and as text; what the clients of the test log is left out."""
    streams = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    level = root.level
    handlers = []
    for stream, formatter in zip(streams, (JsonFormatter("test"), TextFormatter()), strict=True):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handler.addFilter(lambda record: not record.name.startswith(("http", "asyncio")))
        handlers.append(handler)
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield streams
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)


async def test_no_client_writes_a_line_of_a_log(suite: Suite, shop: Shop) -> None:
    port = httpx.URL(suite.url).port
    assert port is not None
    odd = FORGED.replace("\r", "").replace("\n", "\t").encode("utf-8").replace(b"\xc2\x85", b"\x85")
    escaped = b"%0d%0a%7B%22message%22:%22forged%22%7D%1b%5B2J%c2%85forged"
    host = b"Host: x\r\nConnection: close\r\n"
    with logged() as (as_json, as_text):
        for head in (
            b"GET /api/v1/public/" + escaped + b" HTTP/1.1\r\n" + host,
            b"GET /api/v1/deals?q=" + escaped + b" HTTP/1.1\r\n" + host,
            b"GET /" + escaped + b" HTTP/1.1\r\n" + host,
            *(
                b"GET /api/v1/deals HTTP/1.1\r\n%s%s: %s\r\n" % (host, name, odd)
                for name in (
                    b"User-Agent",
                    b"X-Request-Id",
                    b"Traceparent",
                    b"X-Company-Id",
                    b"X-Forwarded-For",
                    b"Authorization",
                    b"Idempotency-Key",
                    b"If-Match",
                    b"Referer",
                )
            ),
            b"FORGED\x85 /api/v1/deals HTTP/1.1\r\n" + host,
            b"GET /api/v1/deals HTTP/1.1\r\nHost: " + odd + b"\r\n",
        ):
            assert (await say(port, head + b"\r\n")).statuses[0] < 500, head
        async with suite.client(**shop.owner) as client:
            for path, body in (
                ("/auth/login", {"email": f"a@b.c{FORGED}", "password": FORGED}),
                ("/categories", {"name": FORGED}),
                ("/categories", {FORGED: FORGED}),
                ("/templates", {"type": FORGED, "channel": "email", "text": "T"}),
                (
                    "/templates",
                    {"type": "order_shipped", "channel": "email", "locale": "en", "text": "{{" + FORGED},
                ),
                ("/deals", {"name": FORGED, "pipeline_id": FORGED}),
            ):
                answer = await client.post(path, json=body)
                assert answer.status_code < 500, (path, answer.text)
            # Said where something of ours fails: the words of an error are not all our own.
            logging.getLogger("pillars.test").warning("refused: %s", FORGED)
    lines = as_json.getvalue().split("\n")
    assert lines.pop() == ""
    assert len(lines) > 15
    for line in lines:
        found = json.loads(line)
        assert found.get("level") != "ERROR", line
        assert found["message"] != "forged"
        assert not STEERING & set(line), line
    for line in as_text.getvalue().removesuffix("\n").split("\n"):
        assert _LINE.match(line), line
        assert not STEERING & set(line), line
