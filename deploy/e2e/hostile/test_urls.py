"""Addresses that clients give us are kept or refused, never fetched; and nobody is sent on to one that is not ours."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import Document, put
from libs.common.testing.eventually import eventually

# Fields that hold an address, by their name or by their format.
_NAMES = re.compile(
    r"(^|_)(url|uri|href|link|webhook|callback|website|logo|image|avatar|media)s?$|_(url|uri)$"
)
# Ways to write an address of this machine, of its network, or of a cloud's metadata; %d is the port of the canary.
TRICKS = (
    "http://127.0.0.1:%d/canary",
    "http://localhost:%d/canary",
    "http://0:%d/canary",
    "http://2130706433:%d/canary",
    "http://0x7f000001:%d/canary",
    "http://0177.0.0.1:%d/canary",
    "http://[::ffff:127.0.0.1]:%d/canary",
    "http://127.1:%d/canary",
    "http://x@127.0.0.1:%d/canary",
    "http://127.0.0.1.nip.io:%d/canary",
    "http://169.254.169.254/latest/meta-data/?%d",
    "file:///etc/passwd?%d",
    "gopher://127.0.0.1:%d/_canary",
    "//127.0.0.1:%d/canary",
    "javascript:alert(%d)",
)


@asynccontextmanager
async def canary() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that notes every connection."""
    heard: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(200))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def is_address(name: str, branches: list[dict[str, Any]]) -> bool:
    """Whether a field takes an address."""
    is_text = any(b.get("type") == "string" for b in branches)
    return is_text and (bool(_NAMES.search(name)) or any(b.get("format") == "uri" for b in branches))


async def test_no_address_in_any_body_is_ever_fetched(suite: Suite, shop: Shop) -> None:
    turn, taken, tried = count(), 0, set()
    async with suite.client(**shop.owner) as client, canary() as (port, heard):
        document = Document((await client.get("/schema")).json())
        known = {"currency": "ZAR", "country": "ZA", "variant_id": shop.variant}
        for operation in document.bodies():
            path = re.sub(r"\{tenant_id\}", shop.company, operation.path)
            path = re.sub(r"\{[^}]*\}", "0198c0de-0000-7000-8000-000000000000", path)
            example = document.example(operation.schema, known.get)
            for place, branches in document.places(operation.schema):
                name = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
                if not is_address(name, branches):
                    continue
                tried.add(f"{operation}: {name}")
                for trick in TRICKS:
                    body = put(example, place, f'"{trick % port}"')
                    if body is None:
                        continue
                    answer = await client.request(
                        operation.method,
                        f"{suite.url}{path}",
                        content=body,
                        headers={"Content-Type": "application/json", "Idempotency-Key": f"url-{next(turn)}"},
                    )
                    assert answer.status_code < 500, (operation, trick, answer.text)
                    assert not answer.is_redirect, (operation, trick)
                    if answer.is_success and trick.startswith(("file", "gopher", "//", "javascript")):
                        raise AssertionError(f"{operation} took {trick} as {name}")
                    taken += answer.is_success
        await eventually(lambda: all_done(suite), 30)
    assert {name.rpartition(" ")[2] for name in tried} >= {"url", "logo_url", "return_url"}
    assert taken
    assert not heard


async def all_done(suite: Suite) -> bool:
    """Whether no job and no event is left to work on."""
    for context in suite.host.contexts.values():
        async with context.unit_of_work(platform=True) as uow:
            from sqlalchemy import func, select

            outbox = context.models.outbox
            if await uow.session.scalar(
                select(func.count()).select_from(outbox).where(outbox.published_at.is_(None))
            ):
                return False
    return True


@pytest.mark.parametrize(
    "path", ["/sandbox/checkout?return_url=//evil.example", "//evil.example/", "/docs//evil.example"]
)
async def test_nobody_is_redirected_to_another_host(suite: Suite, path: str) -> None:
    async with suite.client() as client:
        answer = await client.get(f"{suite.url}{path}")
    assert not answer.is_redirect or answer.headers["location"].startswith(("/", suite.url))
    assert "evil.example" not in answer.headers.get("location", "")
