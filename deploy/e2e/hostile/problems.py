"""What a refusal must look like, and what a business must still have after it."""

import asyncio
import re
from typing import Any

import httpx
import psycopg

from deploy.e2e.conftest import Suite
from libs.common.db.tenancy import is_isolated
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import load_all

# An id of nothing.
NOBODY = "0198c0de-0000-7000-8000-000000000000"
# What a mistake of ours would end for the tests that follow, and what answers with a stream.
LEFT_OUT = re.compile(r"/auth/(logout|refresh|sessions)|/notifications/stream|/webhooks/")
# Rows of how requests and events travel, not of what a business has.
TRANSPORT = {"outbox", "inbox", "jobs", "job_schedules", "idempotency_keys", "dead_letters"}
# What is refused after it was counted is taken off again, from a counter that stays.
COUNTERS = {"usage_counters"}


def is_problem(response: httpx.Response) -> bool:
    """Whether it is a 4xx with a complete problem document."""
    if not 400 <= response.status_code < 500:
        return False
    if response.headers.get("content-type") != "application/problem+json":
        return False
    body = response.json()
    kind, slug = body.get("type", ""), body.get("slug", "")
    return (
        body.get("status") == response.status_code
        and bool(body.get("title"))
        and re.fullmatch(rf"urn:pillars:problem:[a-z]+:{re.escape(slug)}", kind) is not None
    )


async def patiently(
    client: httpx.AsyncClient, method: str, url: httpx.URL | str, **options: Any
) -> httpx.Response:
    """The answer, once the rate limit lets the request through."""
    while True:
        response = await client.request(method, url, **options)
        if response.status_code != 429:
            return response
        await asyncio.sleep(float(response.headers["retry-after"]))


async def all_holds(suite: Suite) -> bool:
    """Whether nothing is on its way and every invariant of `pillars verify` holds."""
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        # Products that were touched are looked at once more by a job, which changes nothing that anybody did.
        waiting = await connection.execute("SELECT 1 FROM catalog.availability_changes LIMIT 1")
        if await waiting.fetchone() is not None:
            return False
    return not any(finding.breaches for _, _, finding in await check(suite.settings))


async def possessions(suite: Suite, company: str) -> dict[str, tuple[int, str]]:
    """How many rows a business has in each table, and a hash of them."""
    found = {}
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        for service in load_all():
            for table in service.metadata.sorted_tables:
                if not is_isolated(table) or table.name in TRANSPORT | COUNTERS:
                    continue
                rows = await connection.execute(
                    "SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
                    f' FROM "{table.schema}"."{table.name}" t WHERE tenant_id = %s',
                    (company,),
                )
                row = await rows.fetchone()
                assert row is not None
                found[table.fullname] = (row[0], row[1])
    return found
