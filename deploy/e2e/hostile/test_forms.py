"""Forms and uploads that are made to cost: refused, soon, wherever they are sent."""

import gzip
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import Document
from deploy.e2e.hostile.problems import is_problem

FORM = "application/x-www-form-urlencoded"
MIXED = "multipart/form-data; boundary=b"
# CPU seconds that one of them may cost the whole suite. What else the suite does meanwhile counts too, so the least of a
# few tries does.
COST = 1.0
TRIES = 3
# Operations that take another body than JSON; there are no uploads.
FORMS = {"POST /sandbox/pay/{checkout_id}"}


async def refused(client: httpx.AsyncClient, what: object, method: str, url: str, **sent: Any) -> float:
    """Send it; the CPU seconds that its refusal took."""
    least = COST
    for _ in range(TRIES):
        before = time.process_time()
        answer = await client.request(method, url, **sent)
        least = min(least, time.process_time() - before)
        assert is_problem(answer), (what, answer.status_code, answer.text[:300])
        if least < COST / 2:
            break
    return least


def part(head: bytes, body: bytes = b"x", boundary: bytes = b"b") -> bytes:
    """A part of a multipart body."""
    return b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary, head, body)


FIELD = b'Content-Disposition: form-data; name="%s"'
FILE = b'Content-Disposition: form-data; name="f"; filename="%s"'
OUTCOME = part(FIELD % b"outcome", b"success")
END = b"--b--\r\n"


def bombs() -> Iterator[tuple[str, str, bytes]]:
    """Bodies that would pay, if their readers gave up a rule or two."""
    yield "many fields", MIXED, b"".join(part(FIELD % b"a") for _ in range(12_000)) + OUTCOME + END
    yield "many files", MIXED, b"".join(part(FILE % b"a") for _ in range(1_500)) + OUTCOME + END
    yield "many empty parts", MIXED, b"--b\r\n\r\n\r\n" * 60_000 + OUTCOME + END
    yield "a huge head", MIXED, part(FIELD % (b"a" * 900_000)) + OUTCOME + END
    heads = b"\r\n".join(b"X-%d: y" % n for n in range(60_000))
    yield "many heads", MIXED, part(FIELD % b"a" + b"\r\n" + heads) + OUTCOME + END
    yield "a head without an end", MIXED, b"--b\r\n" + b"X: " + b"y" * 900_000
    inner = b"Content-Type: multipart/mixed; boundary=%s"
    nested = b"".join(part(inner % b"c", part(FIELD % b"a", boundary=b"c")) for _ in range(3_000))
    yield "nested", MIXED, nested + END
    yield "another boundary", MIXED.replace("=b", "=c"), OUTCOME + END
    yield "no boundary", "multipart/form-data", OUTCOME + END
    yield "an empty boundary", "multipart/form-data; boundary=", OUTCOME + END
    yield "a long boundary", f"multipart/form-data; boundary={'b' * 5_000}", OUTCOME + END
    yield "no end", MIXED, b"--b\r\n" + FIELD % b"outcome" + b"\r\n\r\nsucc"
    yield "only the end", MIXED, END
    yield "no name", MIXED, part(b"Content-Disposition: form-data", b"success") + END
    yield "no disposition", MIXED, part(b"X: y", b"success") + END
    yield "a broken head", MIXED, part(b"\x00\xff: \x01") + END
    yield "a file", MIXED, part(b'Content-Disposition: form-data; name="outcome"; filename="x"') + END
    yield "an odd charset", f"{MIXED}; charset=no-such", part(FIELD % b"outcome", b"\xff") + END
    yield "not allowed in a text", MIXED, part(FIELD % b"outcome", b"success\x00") + END
    yield "many pairs", FORM, b"a=b&" * 200_000 + b"outcome=success"
    yield "a long name", FORM, b"a" * 900_000 + b"=b&outcome=success"
    yield "many separators", FORM, b"&" * 900_000 + b"outcome=nothing"
    yield "broken escapes", FORM, b"outcome=%zz%ff%"
    yield "an odd charset of a form", f"{FORM}; charset=no-such", b"outcome=\xff"
    yield "beyond the limit", FORM, b"outcome=success&a=" + b"b" * 3_000_000


def compressed() -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Forms that would pay, or fill the memory with a gigabyte, if somebody unpacked them."""
    mixed = {"Content-Type": MIXED}
    # What comes one after another in this format is unpacked as one.
    gigabyte = gzip.compress(b"\0" * 50_000_000) * 20
    opened = gzip.compress(b"--b\r\n" + FIELD % b"a" + b"\r\n\r\n")
    closed = gzip.compress(b"\r\n" + OUTCOME + END)
    assert len(opened + gigabyte + closed) < 1_048_576
    for coding in ("gzip", "x-gzip", "gzip, gzip", "GZIP"):
        yield coding, {**mixed, "Content-Encoding": coding}, opened + gigabyte + closed
    yield "deflate", {**mixed, "Content-Encoding": "deflate"}, zlib.compress(OUTCOME + END)
    yield "br", {**mixed, "Content-Encoding": "br"}, OUTCOME + END
    yield (
        "a small form",
        {"Content-Type": FORM, "Content-Encoding": "gzip"},
        gzip.compress(b"outcome=success"),
    )
    # A part may say of itself that it is packed; nobody has to believe it.
    packed = FIELD % b"outcome" + b"\r\nContent-Encoding: gzip"
    yield "a part", mixed, part(packed, gzip.compress(b"success")) + END
    yield "a large part", mixed, part(packed, gigabyte) + END
    yield "a file", mixed, part(FILE % b"bomb.gz" + b"\r\nContent-Type: application/gzip", gigabyte) + END
    encoded = FIELD % b"outcome" + b"\r\nContent-Transfer-Encoding: base64"
    yield "another transfer encoding", mixed, part(encoded, b64encode(b"success")) + END


async def test_no_form_is_unpacked(suite: Suite, shop: Shop) -> None:
    story = shop.story
    await story.a_client_buys()
    checkout = await story.call(
        "POST", "/payments/checkouts", status=201, who=story.client, json={"order_id": story.order["id"]}
    )
    async with httpx.AsyncClient(timeout=30) as client:
        for name, headers, body in compressed():
            cost = await refused(
                client, name, "POST", checkout["redirect_url"], content=body, headers=headers
            )
            assert cost < COST / 2, name
        assert "Pay" in (await client.get(checkout["redirect_url"])).text


async def test_no_form_costs_much_or_pays(suite: Suite, shop: Shop) -> None:
    story = shop.story
    await story.a_client_buys()
    checkout = await story.call(
        "POST", "/payments/checkouts", status=201, who=story.client, json={"order_id": story.order["id"]}
    )
    async with httpx.AsyncClient(timeout=30) as client:
        for name, kind, body in bombs():
            headers = {"Content-Type": kind}
            cost = await refused(
                client, name, "POST", checkout["redirect_url"], content=body, headers=headers
            )
            assert cost < COST, name
        assert "Pay" in (await client.get(checkout["redirect_url"])).text


async def test_what_takes_json_takes_no_form(suite: Suite, shop: Shop) -> None:
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        document = Document((await client.get("/api/v1/schema")).json())
        every = list(bombs())
        taken = set()
        number = 0
        for path, item in document.document["paths"].items():
            for method in ("post", "put", "patch"):
                content = item.get(method, {}).get("requestBody", {}).get("content", {})
                if set(content) - {"application/json"}:
                    taken.add(f"{method.upper()} {path}")
                elif content and not path.startswith("/api/v1/auth/"):
                    number += 1
                    name, kind, body = every[number % len(every)]
                    headers = {**shop.owner, "Content-Type": kind, "Idempotency-Key": f"form-{number}"}
                    path = path.replace("{tenant_id}", shop.company)
                    what = (method, path, name)
                    cost = await refused(client, what, method.upper(), path, content=body, headers=headers)
                    assert cost < COST, what
        assert number > 50
        assert taken == FORMS, "a new form or upload: send it the bombs too"
