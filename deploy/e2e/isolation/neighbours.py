"""Two businesses side by side in a running suite, and what each of them has."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import psycopg

from deploy.e2e.conftest import Suite
from deploy.e2e.hostile.bodies import Document
from deploy.e2e.isolation.acting import patiently
from deploy.e2e.isolation.answers import Secrets
from deploy.e2e.isolation.catalogue import Catalogue
from deploy.e2e.isolation.walk import Walk
from deploy.e2e.isolation.world import Business
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import NAMES

# Rows of how requests and events travel and of when work was done, not of what a business has.
TRANSPORT = {"outbox", "inbox", "jobs", "job_schedules", "idempotency_keys", "dead_letters", "insight_runs"}
# What a look at a list computes anew once a day is over, at a full hour somewhere.
OF_THE_DAY = {"analytics.forecast_runs", "analytics.demand_forecasts"}
# What is due by then is waited for: an order is completed some seconds after its delivery.
SOON = "10 seconds"


@dataclass(frozen=True)
class Outsider:
    """Somebody who has an account and belongs to no business any more."""

    email: str
    password: str

    @classmethod
    async def of(cls, business: Business) -> "Outsider":
        """One who was a client of a business."""
        gone = cls(f"gone-{business.marker}@example.com", f"Evening-{business.marker}-8")
        account = {"email": gone.email, "password": gone.password, "first_name": "G", "last_name": "G"}
        joined = await business.make("/auth/signup", {**account, "company_id": business.company})
        member = f"/tenants/{business.company}/members/{joined['user']['id']}"
        await business.call("DELETE", member, status=204, who=business.owner)
        return gone

    async def headers(self, business: Business) -> dict[str, str]:
        """The headers of a new session."""
        return await business.sign_in(self.email, self.password)


@dataclass(frozen=True)
class World:
    """Two businesses in a suite, what the first saw before and after the second came, and a person of none."""

    suite: Suite
    http: httpx.AsyncClient
    document: Document
    one: Business
    two: Business
    outsider: Outsider
    before: dict[str, object]
    after: dict[str, object]
    # What the first business was let to note of the second one.
    given: set[str] = field(default_factory=set)
    # How each operation was tried, by all tests together.
    tried: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    async def walk(self, *, back: bool = False, below: str = "/", twins: bool = True) -> Walk:
        """The first business looking for the second, or the other way."""
        for business in (self.one, self.two):
            await business.come_back()
        outsider = await self.outsider.headers(self.one)
        await patiently("rest", lambda: at_rest(self.suite), bool, pause=1)
        mine, theirs = (self.two, self.one) if back else (self.one, self.two)
        secrets = secrets_of(self.suite, theirs)
        return Walk(
            self.http,
            self.document,
            mine,
            theirs,
            secrets,
            outsider,
            below=below,
            twins=twins,
            given=set() if back else self.given,
            tried=self.tried if below == "/" else None,
        )


def secrets_of(suite: Suite, business: Business) -> Secrets:
    """The ids of all rows of a business, and its word."""
    ids: set[str] = set()
    with psycopg.connect(suite.settings.database_url) as connection:
        for table in Catalogue(connection):
            names = {column.name for column in table.columns if column.type == "uuid"}
            if table.schema in NAMES and {"tenant_id", "id"} <= names:
                rows = connection.execute(
                    f"SELECT id FROM {table.sql} WHERE tenant_id = %s", (business.company,)
                )
                ids |= {str(row[0]) for row in rows}
        people = connection.execute(
            "SELECT user_id FROM identity.members GROUP BY user_id HAVING bool_and(tenant_id = %s)",
            (business.company,),
        )
        ids |= {str(row[0]) for row in people}
    return Secrets(business.marker, ids)


async def at_rest(suite: Suite) -> bool:
    """Whether nothing is on its way and every invariant holds."""
    if await under_way(suite) or any(finding.breaches for _, _, finding in await check(suite.settings)):
        return False
    # What was unpublished at the first look may have been delivered at the second.
    return not await under_way(suite)


async def under_way(suite: Suite) -> bool:
    """Whether events wait for those who handle them, or jobs of a business are at work, waiting, or soon due."""
    jobs = " UNION ALL ".join(
        f"SELECT FROM {name}.jobs WHERE tenant_id IS NOT NULL AND finished_at IS NULL AND dead_at IS NULL"
        f" AND run_at < now() + interval '{SOON}'"
        for name in NAMES
    )
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        found = await connection.execute(f"SELECT EXISTS (SELECT FROM bus.delivery UNION ALL {jobs})")
        row = await found.fetchone()
    return row is None or bool(row[0])


def possessions(suite: Suite, business: Business) -> dict[str, tuple[int, str]]:
    """How many rows a business has in each table, and a hash of them."""
    found = {}
    with psycopg.connect(suite.settings.database_url) as connection:
        for table in Catalogue(connection):
            if table.schema in NAMES and table.has_tenant and table.name not in TRANSPORT:
                row = connection.execute(
                    "SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
                    f" FROM {table.sql} t WHERE tenant_id = %s",
                    (business.company,),
                ).fetchone()
                assert row is not None
                found[str(table)] = (row[0], row[1])
    return found


@asynccontextmanager
async def unchanged(world: World) -> AsyncIterator[None]:
    """Whatever is tried meanwhile changes nothing of the second business."""
    began, before = datetime.now(UTC), possessions(world.suite, world.two)
    yield
    await patiently("rest", lambda: at_rest(world.suite), bool, pause=1)
    after = possessions(world.suite, world.two)
    changed = sorted(name for name in before if before[name] != after[name])
    if datetime.now(UTC).hour != began.hour:
        changed = [name for name in changed if name not in OF_THE_DAY]
    assert not changed, f"what the second business has changed in {', '.join(changed)}"
