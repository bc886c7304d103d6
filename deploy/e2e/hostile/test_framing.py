"""What two readers could frame in two ways never reaches a service, and what does reaches it once, with our headers."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from deploy.e2e.hostile.wire import Recorder, gateway_before, recording, say
from libs.common.actor import ACTOR_HEADER, ActorSigner
from libs.common.settings import CommonSettings


@dataclass(frozen=True)
class Wire:
    """A gateway on a port, and the service behind it."""

    port: int
    service: Recorder


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[Wire]:
    """A gateway with a recording service behind it."""
    async with recording() as recorder, gateway_before(recorder) as port:
        yield Wire(port, recorder)


POST = b"POST /api/v1/public/%s HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /api/v1/public/%s HTTP/1.1\r\nHost: x\r\n"
INNER = b"GET /api/v1/public/inner-%s HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ABC = b"3\r\nabc\r\n0\r\n\r\n"

# Each with a place for its mark; the marked inner request is what would be smuggled.
REFUSED: dict[str, bytes] = {
    "CL.TE": POST + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + INNER,
    "TE.CL": POST + CHUNKED + b"Content-Length: 4\r\n\r\n5c\r\n" + INNER + b"0\r\n\r\n",
    "TE.TE": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + INNER,
    "TE twice": POST + CHUNKED + CHUNKED + b"\r\n" + ABC + INNER,
    "TE with a tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + ABC,
    "TE of more than chunks": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + ABC + INNER,
    "TE that chunks first": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + ABC,
    "TE unknown": POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc",
    "TE quoted": POST + b'Transfer-Encoding: "chunked"\r\nContent-Length: 3\r\n\r\nabc',
    "TE before a colon with a space": POST + b"Transfer-Encoding : chunked\r\n\r\n" + ABC,
    "TE folded": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + ABC,
    "TE in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + ABC,
    "CL twice, different": POST + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc" + INNER,
    "CL twice, the same": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "CL a list": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "CL with a plus": POST + b"Content-Length: +3\r\n\r\nabc",
    "CL negative": POST + b"Content-Length: -1\r\n\r\nabc",
    "CL in hexadecimal": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "CL empty": POST + b"Content-Length:\r\n\r\n" + INNER,
    "CL beyond all": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "a folded header": GET + b"X-A: a\r\n X-B: b\r\n\r\n",
    "bare line feeds": GET.replace(b"\r\n", b"\n") + b"\n",
    "a bare line feed in a header": GET + b"X-A: a\nX-Pillars-Actor: b\r\n\r\n",
    "a bare carriage return in a header": GET + b"X-A: a\rX-Pillars-Actor: b\r\n\r\n",
    "a NUL in a value": GET + b"X-A: a\0b\r\n\r\n",
    "a NUL in a name": GET + b"X\0A: b\r\n\r\n",
    "a space in a name": GET + b"X A: b\r\n\r\n",
    "a space before the colon": GET + b"X-A : b\r\n\r\n",
    "a line that is no header": GET + b"nothing\r\n\r\n",
    "a first line that is folded": GET.replace(b"Host", b" Host") + b"\r\n",
    "a chunk that ends in a line feed": POST + CHUNKED + b"\r\n3\nabc\n0\n\n",
    "a chunk extension with a line feed": POST + CHUNKED + b"\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": POST + CHUNKED + b"\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a prefix": POST + CHUNKED + b"\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a space": POST + CHUNKED + b"\r\n 3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all": POST + CHUNKED + b"\r\nf0000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer than it says": POST + CHUNKED + b"\r\n3\r\nabcdef\r\n0\r\n\r\n" + INNER,
    "another host in the target": b"GET http://evil.example/api/v1/public/%s HTTP/1.1\r\nHost: x\r\n\r\n",
    "a user in the target": b"GET http://x@evil.example/api/v1/public/%s HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target of another scheme": b"GET gopher://evil.example/api/v1/public/%s HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": GET.replace(b"Host: x\r\n", b"") + b"\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "HTTP/0.9": b"GET /api/v1/public/%s\r\n\r\n",
    "HTTP/2.0": GET.replace(b"1.1", b"2.0") + b"\r\n",
    "HTTP/1.2": GET.replace(b"1.1", b"1.2") + b"\r\n",
    "a lower-case method": GET.replace(b"GET", b"get") + b"\r\n",
    "a tunnel": b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\nX-A: %s\r\n\r\n",
    "two sorts of credentials": GET + b"Authorization: Bearer a\r\nX-API-Key: b\r\n\r\n",
    "a credential twice": GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "a type twice": POST + b"Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n",
}
# What is taken, once, with the body that arrives.
TAKEN: dict[str, tuple[bytes, bytes]] = {
    "plain": (GET + b"\r\n", b""),
    "two spaces": (GET.replace(b" HTTP", b"  HTTP") + b"\r\n", b""),
    "a length": (POST + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    "a length with a space behind it": (POST + b"Content-Length: 3 \r\n\r\nabc", b"abc"),
    "chunks": (POST + CHUNKED + b"\r\n" + ABC, b"abc"),
    "chunks in capitals": (POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + ABC, b"abc"),
    "chunks with extensions": (POST + CHUNKED + b'\r\n3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n', b"abc"),
    "leading zeros": (POST + CHUNKED + b"\r\n0000003\r\nabc\r\n000\r\n\r\n", b"abc"),
    "a request in the body": (POST + b"Content-Length: %d\r\n\r\n" % (len(INNER) + 6) + INNER, INNER),
    "a length that is said to be of this hop": (
        POST + b"Connection: content-length\r\nContent-Length: 3\r\n\r\nabc",
        b"abc",
    ),
    "chunks that are said to be of this hop": (
        POST + b"Connection: transfer-encoding\r\n" + CHUNKED + b"\r\n" + ABC,
        b"abc",
    ),
    "underscores": (POST + b"Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "HTTP/1.0": (GET.replace(b"1.1", b"1.0") + b"\r\n", b""),
    "its own host in the target": (b"GET http://x/api/v1/public/%s HTTP/1.1\r\nHost: X\r\n\r\n", b""),
    "an upgrade, and more": (GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + INNER, b""),
    "a close, and more": (GET + b"Connection: close\r\n\r\n" + INNER, b""),
    "trailers": (
        POST
        + CHUNKED
        + b"\r\n3\r\nabc\r\n0\r\nX-Company-Id: evil\r\nX-Pillars-Actor: evil\r\nX-Own: evil\r\n\r\n",
        b"abc",
    ),
}
# What a service may see of a request that has none of its own.
OURS = {
    "host",
    ACTOR_HEADER,
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "content-length",
}


async def test_what_could_be_read_in_two_ways_is_refused_and_reaches_nobody(wire: Wire) -> None:
    names = list(REFUSED)
    heard = await asyncio.gather(
        *(say(wire.port, REFUSED[name].replace(b"%s", b"bad-%02d-" % n)) for n, name in enumerate(names))
    )
    failures = []
    for number, (name, answer) in enumerate(zip(names, heard, strict=True)):
        if len(answer.statuses) != 1 or not 400 <= answer.statuses[0] < 500:
            failures.append(f"{name}: {answer.statuses} {answer.data[:80]!r}")
        elif b"application/problem+json" not in answer.data:
            failures.append(f"{name}: no problem document")
        if arrived := wire.service.of(f"bad-{number:02}-"):
            failures.append(f"{name}: reached the service as {arrived}")
    assert not failures, "\n".join(failures)
    assert not wire.service.broken


async def test_what_is_taken_arrives_once_and_whole(wire: Wire) -> None:
    names = list(TAKEN)
    heard = await asyncio.gather(
        *(say(wire.port, TAKEN[name][0].replace(b"%s", b"good-%02d-" % n)) for n, name in enumerate(names))
    )
    failures = []
    for number, (name, answer) in enumerate(zip(names, heard, strict=True)):
        arrived = wire.service.of(f"good-{number:02}-")
        body = TAKEN[name][1].replace(b"%s", b"good-%02d-" % number)
        if answer.statuses != (200,) or len(arrived) != 1:
            failures.append(f"{name}: {answer.statuses}, arrived {arrived}")
            continue
        seen = {key for key, _ in arrived[0].headers}
        if f" /public/good-{number:02}- HTTP" not in arrived[0].line or seen - OURS:
            failures.append(f"{name}: {arrived[0].line} with {seen - OURS}")
        if arrived[0].body != body:
            failures.append(f"{name}: {arrived[0].body!r} for {body!r}")
        if any(len(arrived[0].values(key)) != 1 for key in seen):
            failures.append(f"{name}: a header twice: {arrived[0].headers}")
    assert not failures, "\n".join(failures)
    assert not wire.service.broken


SPOOFED = (
    b"X-Pillars-Actor: spoofed\r\n"
    b"x_pillars_actor: spoofed\r\n"
    b"X-Pillars-Internal: spoofed\r\n"
    b"X-Forwarded-For: 6.6.6.6\r\n"
    b"X-Forwarded-Host: spoofed.example\r\n"
    b"X-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Prefix: /spoofed\r\n"
    b"X-Real-IP: 6.6.6.6\r\n"
    b"Forwarded: for=6.6.6.6;host=spoofed.example\r\n"
    b"X-Original-URL: /internal/spoofed\r\n"
    b"X-Rewrite-URL: /internal/spoofed\r\n"
    b"X-HTTP-Method-Override: DELETE\r\n"
    b"X-HTTP-Method: DELETE\r\n"
    b"X-Method-Override: DELETE\r\n"
    b"Proxy: http://6.6.6.6/\r\n"
    b"Proxy-Authorization: Basic spoofed\r\n"
    b"Keep-Alive: timeout=1\r\n"
    b"TE: trailers\r\n"
    b"Trailer: X-Pillars-Actor\r\n"
    b"Connection: x-pillars-actor, x-request-id, x-forwarded-for, x-own\r\n"
    b"X-Own: dropped, for the client said so\r\n"
    b"X-Kept: kept\r\n"
)


async def test_a_service_sees_our_headers_and_none_that_were_forged(wire: Wire) -> None:
    answer = await say(wire.port, (GET % b"forged-1-") + SPOOFED + b"\r\n")
    assert answer.statuses == (200,)
    (seen,) = wire.service.of("forged-1-")
    assert {name for name, _ in seen.headers} == (OURS - {"content-length"}) | {"x-kept"}
    assert "spoofed" not in str(seen)
    assert seen.values("x-forwarded-for") == ["127.0.0.1"]
    assert seen.values("x-forwarded-host") == ["x"]
    assert seen.values("x-forwarded-proto") == ["http"]
    secret = CommonSettings(_env_file=None).secret_key.get_secret_value()
    assert ActorSigner(secret).verify(seen.values(ACTOR_HEADER)[0], 0).is_anonymous


async def test_requests_in_one_go_are_answered_in_their_order_and_each_once(wire: Wire) -> None:
    early = b"POST /api/v1/public/pipe-2- HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
    # The second is refused before its body is there; what follows in its place is that body, not a request.
    answer = await say(wire.port, (GET % b"pipe-1-") + b"\r\n" + early + (INNER % b"pipe-3-") * 20)
    assert answer.statuses == (200, 413)
    assert len(wire.service.of("pipe-1-")) == 1
    assert not wire.service.of("pipe-2-")
    assert not wire.service.of("pipe-3-")

    # A refused one in a row: the answer before it is whole, and what is behind it is not read.
    answer = await say(wire.port, (GET % b"pipe-4-") + b"\r\n", b"BROKEN\r\n\r\n" + (INNER % b"pipe-5-"))
    assert answer.statuses[0] == 200
    assert answer.is_closed
    assert not wire.service.of("pipe-5-")

    many = b"".join((GET % b"pipe-6-%03d" % n) + b"\r\n" for n in range(50))
    answer = await say(wire.port, many)
    assert answer.statuses == (200,) * 50
    lines = [a.line for a in wire.service.of("pipe-6-")]
    assert [line[:26] for line in lines] == [f"GET /public/pipe-6-{n:03} HTT" for n in range(50)]


async def test_bodies_are_passed_on_encoded_as_they_are_and_never_unpacked(wire: Wire) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = b"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
        bomb
    )
    answer = await say(wire.port, (POST % b"bomb-1-") + head + bomb)
    assert answer.statuses == (200,)
    (seen,) = wire.service.of("bomb-1-")
    assert seen.body == bomb


async def test_problems_bear_no_reflection_of_what_was_sent(wire: Wire) -> None:
    marked = b"<script>evil</script>"
    answer = await say(wire.port, b"GET /" + marked + b" HTTP/1.1\r\nHost: " + marked + b"\r\n\r\n")
    assert answer.statuses[0] == 400
    assert marked not in answer.data
    body = answer.data.partition(b"\r\n\r\n")[2]
    assert json.loads(body)["status"] == 400
