"""Bad queries of lists, and cursors of other lists, are refused."""

from itertools import count

import httpx

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import (
    Document,
)
from deploy.e2e.hostile.problems import is_problem, patiently

QUERIES = (
    "limit=1000000",
    "limit=0",
    "limit=-1",
    "limit=x",
    "limit=5&limit=9",
    "limit=1.5",
    f"limit={'9' * 400}",
    "cursor=x",
    "cursor=%00",
    "cursor=%ff",
    f"cursor={'A' * 1999}",
    f"cursor={'A' * 2001}",
    "order=no_such_field",
    "order=--created_at",
    "order=created_at;DROP",
    "no_such_filter=1",
    "q=%00",
    f"q={'x' * 201}",
    "created_at_from=0000-01-01T00:00:00Z",
    "created_at_from=10000-01-01T00:00:00Z",
    f"x={'y' * 9000}",
)


async def test_bad_queries_of_every_list_are_refused(
    suite: Suite, besieged: Shop, document: Document
) -> None:
    failures = []
    turn = count()
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        for path, item in document.document["paths"].items():
            names = {p["name"] for p in item.get("get", {}).get("parameters", ()) if p.get("in") == "query"}
            if "{" in path or not {"limit", "cursor", "order"} <= names:
                continue
            for _ in range(3):
                query = QUERIES[next(turn) % len(QUERIES)]
                response = await patiently(client, "GET", f"{path}?{query}", headers=besieged.owner)
                if not is_problem(response):
                    failures.append(f"{path}?{query[:40]}: {response.status_code} {response.text[:120]}")
    assert next(turn) > 90
    assert not failures, "\n".join(failures)


async def test_a_cursor_is_good_for_its_own_list_only(suite: Suite, besieged: Shop) -> None:
    async with suite.client() as client:
        page = (await client.get("/stages", params={"limit": 1}, headers=besieged.owner)).json()
        cursor = page["next_cursor"]
        assert cursor is not None
        own = await client.get("/stages", params={"cursor": cursor, "limit": 1}, headers=besieged.owner)
        assert own.status_code == 200
        for path, params, who in (
            ("/tasks", {}, besieged.owner),
            ("/stages", {"order": "created_at"}, besieged.owner),
            ("/stages", {"created_at_from": "2026-01-01T00:00:00Z"}, besieged.owner),
            ("/stages", {}, besieged.staff),
        ):
            response = await client.get(path, params={**params, "cursor": cursor}, headers=who)
            assert is_problem(response), (path, params, response.status_code, response.text)
