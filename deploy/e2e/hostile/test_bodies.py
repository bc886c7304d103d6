"""Bad and hostile requests get their problem document and change nothing.

The bodies are made from the merged API document (`deploy.e2e.hostile.bodies`). Of all ways in which a body or a
field can be wrong each body gets a few and every second field one, in turn, so that a run is short and always the same,
and every way is used somewhere.
"""

import asyncio
import re
from collections.abc import Iterator
from itertools import count, islice
from typing import Any
from uuid import UUID, uuid5

import httpx

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import (
    HARMLESS,
    JSON,
    Document,
    Hostile,
    Operation,
    put,
    unreadable,
    wrong,
)
from deploy.e2e.hostile.problems import LEFT_OUT, NOBODY, all_holds, is_problem, patiently, possessions
from deploy.e2e.hostile.target import Target
from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.testing.eventually import eventually

# Their limits per address are shared with all other tests of the run.
SIGN_IN = re.compile(r"/auth/(login|register|signup)$")
AT_ONCE = 8
PER_BODY = 3


def attacks(document: Document, operation: Operation, example: Any, turn: Iterator[int]) -> Iterator[Hostile]:
    """Hostile bodies for one operation."""
    whole = [h for h in unreadable(example) if operation.is_required or h.name not in ("empty", "null")]
    if example == {}:
        whole = [h for h in whole if h.name != "a key twice"]
    start = next(turn) % len(whole)
    yield from islice(whole[start:] + whole[:start], PER_BODY)
    for place, branches in document.places(operation.schema):
        number = next(turn)
        ways = [
            (way, body) for way, text in wrong(branches) if (body := put(example, place, text)) is not None
        ]
        if ways and number % 2:
            way, body = ways[number // 2 % len(ways)]
            yield Hostile(f"{'.'.join(map(str, place))}: {way}", body, JSON)


async def test_every_body_is_refused_in_every_known_way_and_nothing_changes(
    suite: Suite, besieged: Shop, document: Document
) -> None:
    await eventually(lambda: all_holds(suite), 30)
    before = await possessions(suite, besieged.company)
    operator = await possessions(suite, str(OPERATOR_TENANT_ID))
    failures: list[str] = []
    sent = 0
    turn = count()
    gate = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        target = Target(client, document, besieged)
        await target.prepare()

        async def attack(operation: Operation, path: str, hostile: Hostile) -> None:
            key = str(uuid5(UUID(NOBODY), f"{operation} {hostile.name}"))
            headers = {**besieged.owner, "Idempotency-Key": key, **hostile.headers}
            headers = {name: value for name, value in headers.items() if value}
            async with gate:
                try:
                    response = await patiently(
                        client, operation.method, path, content=hostile.body, headers=headers
                    )
                except httpx.HTTPError as error:
                    failures.append(f"{operation}: {hostile.name}: {error!r}")
                    return
            if not is_problem(response):
                failures.append(f"{operation}: {hostile.name}: {response.status_code} {response.text[:200]}")

        for operation in document.bodies():
            if LEFT_OUT.search(operation.path):
                continue
            path = await target.path(operation.path)
            chosen = list(attacks(document, operation, target.example(operation), turn))
            if SIGN_IN.search(operation.path):
                chosen = chosen[:2]
            sent += len(chosen)
            await asyncio.gather(*(attack(operation, path, hostile) for hostile in chosen))

    assert not failures, f"{len(failures)} of {sent}:\n" + "\n".join(failures[:40])
    assert sent > 700
    await eventually(lambda: all_holds(suite), 30)
    after = await possessions(suite, besieged.company)
    assert {name for name in before if before[name] != after[name]} == set()
    # Other tests may work for the operator meanwhile, in their own processes; here only this one does.
    grown = await possessions(suite, str(OPERATOR_TENANT_ID))
    assert {name for name in operator if operator[name] != grown[name]} == set()


async def test_harmless_text_is_kept_as_it_came(suite: Suite, besieged: Shop) -> None:
    async with suite.client(**besieged.owner) as client:
        for text in HARMLESS:
            made = await client.post("/categories", json={"name": text})
            assert made.status_code == 201, (text, made.text)
            read = await client.get(f"/categories/{made.json()['id']}")
            assert read.json()["name"] == text
            found = await client.get("/companies", params={"q": text})
            assert (found.status_code, found.json()["items"]) == (200, [])
    await eventually(lambda: all_holds(suite), 30)
