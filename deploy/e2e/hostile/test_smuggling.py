"""What two readers could frame in two ways is refused once, before the whole suite."""

import asyncio
import json
import re

import httpx

from deploy.e2e.conftest import Shop, Suite

FRAMINGS = (
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    b"Content-Length: 4\r\nContent-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: +4\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
)
HEADS = (
    b"GET http://evil.example/internal/authenticate HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /internal/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"POST /api/v1/deals/../internal/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"POST /api/v1/deals/..%2finternal HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"GET /api/v1//internal/authenticate HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n",
    b"GET /api/v1/deals HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /api/v1/deals HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
    b"GET /api/v1/de als HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


async def test_what_two_readers_could_frame_in_two_ways_is_refused_once(suite: Suite, besieged: Shop) -> None:
    hidden = b'{"name": "Smuggled"}'
    smuggled = b"POST /api/v1/categories HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    smuggled += "".join(f"{name}: {value}\r\n" for name, value in besieged.owner.items()).encode()
    smuggled += b"Content-Length: %d\r\n\r\n%s" % (len(hidden), hidden)
    outer = b"POST /api/v1/carts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n0\r\n\r\n%s"
    port = httpx.URL(suite.url).port
    for data in (*(outer % (framing, smuggled) for framing in FRAMINGS), *HEADS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        status, kind = head.split(b"\r\n", 1)[0], b"application/problem+json"
        assert status.startswith(b"HTTP/1.1 4"), (data[:120], head)
        assert kind in head, (data[:120], head)
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        body = json.loads(await reader.readexactly(length))
        assert body["status"] == int(status.split()[1])
        writer.close()
    async with suite.client(**besieged.owner) as client:
        names = [row["name"] for row in (await client.get("/categories")).json()["items"]]
    assert "Smuggled" not in names
