"""Every operation of the merged API document, with two businesses and with none: nothing of one shows to another."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest

from deploy.e2e.conftest import Suite
from deploy.e2e.hostile.bodies import Document
from deploy.e2e.isolation.acting import patiently
from deploy.e2e.isolation.answers import Secrets
from deploy.e2e.isolation.catalogue import Catalogue
from deploy.e2e.isolation.floors import Rewriting, left_behind, no_row_security
from deploy.e2e.isolation.insights import have_insights
from deploy.e2e.isolation.walk import Walk
from deploy.e2e.isolation.world import Business
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import NAMES
from libs.common.testing.identity_provider import IdentityProvider, Internet
from services.identity.oidc.client import OidcClient

# Rows of how requests and events travel and of when work was done, not of what a business has.
TRANSPORT = {"outbox", "inbox", "jobs", "job_schedules", "idempotency_keys", "dead_letters", "insight_runs"}

pytestmark = pytest.mark.xdist_group("isolation")


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
    """Whether events wait for those who handle them, as the audit log does twice a second only."""
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        found = await connection.execute("SELECT EXISTS (SELECT FROM bus.delivery)")
        row = await found.fetchone()
    return row is None or bool(row[0])


@pytest.fixture(scope="module")
async def world(suite: Suite) -> AsyncIterator[World]:
    """The two businesses."""
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as http:
        document = Document((await http.get("/api/v1/schema")).json())
        identity = suite.host.contexts["identity"]
        internet = Internet(
            found=lambda host: IdentityProvider(f"https://{host}", identity.clock, secret="secret")
        )
        providers = identity.resources["oidc"]
        identity.resources["oidc"] = OidcClient(identity, transport=lambda is_trusted: internet)
        one, two = Business(http, "one", internet), Business(http, "two", internet)

        async def settle(business: Business) -> None:
            http.event_hooks["response"] = [business.watch]
            await business.settle()
            await have_insights(suite, business)
            http.event_hooks["response"] = []

        await settle(one)
        outsider = await Outsider.of(one)
        await patiently("rest", lambda: at_rest(suite), bool, pause=1)
        nothing = Secrets(two.marker, set())
        looking = Walk(http, document, one, two, nothing, {})
        before = await looking.snapshot()
        await settle(two)
        await patiently("rest", lambda: at_rest(suite), bool, pause=1)
        after = await looking.snapshot()
        assert not looking.crossings, looking.crossings
        yield World(suite, http, document, one, two, outsider, before, after)
        identity.resources["oidc"] = providers


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


def test_no_row_of_one_names_the_other(world: World) -> None:
    rows = 0
    for mine, theirs in ((world.one, world.two), (world.two, world.one)):
        secrets = secrets_of(world.suite, theirs)
        with psycopg.connect(world.suite.settings.database_url) as connection:
            for table in Catalogue(connection):
                # Of the outbox, dead letters and jobs too: what is published of one is of one.
                if table.schema in NAMES and table.has_tenant:
                    texts = connection.execute(
                        f"SELECT t::text FROM {table.sql} t WHERE tenant_id = %s", (mine.company,)
                    ).fetchall()
                    rows += len(texts)
                    found = {secret for (text,) in texts for secret in secrets.found(text)}
                    assert not found, f"{table} has {found} of another business"
    assert rows > 500


async def test_no_figure_changes_when_another_business_comes(world: World) -> None:
    changed = {name for name in world.before if world.before[name] != world.after.get(name)}
    assert {name: (world.before[name], world.after.get(name)) for name in changed} == {}
    assert len(world.before) > 90


async def test_a_stream_tells_of_ones_own_only(world: World) -> None:
    secrets = secrets_of(world.suite, world.two)

    async def assign(business: Business, name: str) -> None:
        await business.make(
            "/tasks",
            {"name": name, "assignee_id": business.ids["owner_id"]},
            who=business.colleague,
        )

    # From the beginning, as one who names an event of the other's stream as the last that he saw would have it too.
    for last in ("0", "1"):
        headers = {**world.one.owner, "Last-Event-ID": last}
        heard = ""
        async with world.http.stream("GET", "/api/v1/notifications/stream", headers=headers) as stream:
            assert stream.status_code == 200
            await assign(world.two, f"Listen {last}")
            await assign(world.one, f"Hear {last}")
            async for line in stream.aiter_lines():
                heard += line + "\n"
                if f"Hear {last}" in line:
                    break
        assert world.one.marker in heard
        assert not secrets.found(heard)


async def test_a_cart_token_opens_nothing_in_another_shop(world: World) -> None:
    there = {"X-Company-Id": world.two.company}
    cart = (await world.http.post("/api/v1/carts", headers=there, json={"currency": "ZAR"})).json()
    path = f"/api/v1/carts/{cart['id']}"
    guest = {"X-Cart-Token": cart["token"]}
    assert (await world.http.get(path, headers={**there, **guest})).status_code == 200
    for company in (world.one.company, None):
        here = {**guest, **({"X-Company-Id": company} if company else {})}
        assert (await world.http.get(path, headers=here)).status_code in (401, 404)
        body = {"variant_id": world.two.ids["variant_id"]}
        added = await world.http.post(f"{path}/items", headers=here, json=body)
        assert added.status_code in (401, 404)
    both = {**world.one.owner, **guest}
    assert (await world.http.get(path, headers=both)).status_code == 404
    assert (await world.http.post(f"{path}/claim", headers=both)).status_code == 404


@asynccontextmanager
async def unchanged(world: World) -> AsyncIterator[None]:
    """Whatever is tried meanwhile changes nothing of the second business."""
    before = possessions(world.suite, world.two)
    yield
    await patiently("rest", lambda: at_rest(world.suite), bool, pause=1)
    after = possessions(world.suite, world.two)
    assert {name for name in before if before[name] != after[name]} == set()


async def test_nothing_crosses_from_outside(world: World) -> None:
    walk, back = await world.walk(), await world.walk(back=True)
    async with unchanged(world):
        await walk.own()
        await walk.elsewhere()
    # One's own export of the audit log leaves an entry there.
    await back.own()
    await walk.foreign_keys()
    found = walk.crossings + back.crossings
    assert not found, "\n".join(found)
    assert await left_behind(world.suite.host.contexts) == []


# Whoever is signed in to a business of his own is tried on each floor alone: what crossed with both would with either.


async def test_the_filters_of_the_code_hold_without_row_level_security(world: World) -> None:
    walk = await world.walk()
    figures = await walk.snapshot()
    async with no_row_security(world.suite.settings.database_url), unchanged(world):
        # A sum over rows of both shows no word of the other.
        without = await walk.snapshot()
        await walk.inside()
        await walk.defaults()
    assert not walk.crossings, "\n".join(walk.crossings)
    assert {name: (figures[name], without[name]) for name in figures if figures[name] != without[name]} == {}


async def test_row_level_security_holds_without_the_filters_of_the_code(world: World) -> None:
    walk = await world.walk(twins=False)
    with Rewriting().no_filters(world.suite.host.contexts) as rewriting:
        async with unchanged(world):
            await walk.inside()
    assert not walk.crossings, "\n".join(walk.crossings)
    assert rewriting.count > 1000


async def test_every_operation_was_tried(world: World) -> None:
    walk = await world.walk()
    # With -rP this is the table of what was tried, how and how often.
    print(walk.table())
    assert not walk.untried(), "\n".join(walk.untried())


async def test_a_planted_missing_filter_without_a_policy_is_found(world: World) -> None:
    walk = await world.walk(below="/api/v1/contacts")
    contexts, url = world.suite.host.contexts, world.suite.settings.database_url
    async with no_row_security(url, "crm.contacts"):
        with Rewriting().no_filters(contexts, "crm.contacts"):
            await walk.own()
            await walk.foreign_ids()
            await walk.foreign_filters()
    found = "\n".join(walk.crossings)
    assert "GET /api/v1/contacts (own) answers 200 with" in found
    assert "GET /api/v1/contacts/{contact_id} (id) takes the id of another" in found
    assert "PATCH /api/v1/contacts/{contact_id} (id) takes the id of another" in found
    assert "GET /api/v1/contacts (q) answers 200 with" in found


async def test_a_planted_setting_of_the_session_is_found(world: World) -> None:
    contexts = {"crm": world.suite.host.contexts["crm"]}
    await world.two.come_back()
    assert await left_behind(contexts) == []
    async with Rewriting().session_wide(contexts) as rewriting:
        assert (await world.http.get("/api/v1/contacts", headers=world.two.owner)).status_code == 200
        assert rewriting.count
        found = await left_behind(contexts)
    assert any(world.two.company in sentence for sentence in found), found
    assert await left_behind(contexts) == []


async def test_an_operation_that_nobody_knows_how_to_try_is_found(world: World) -> None:
    operation = {
        "tags": ["crm: secrets"],
        "parameters": [{"name": "secret_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"planet_id": {"type": "string", "format": "uuid"}},
                    }
                }
            }
        },
        "responses": {"200": {"description": "Done"}},
    }
    walk = await world.walk(below="/api/v1/secrets")
    walk.document = Document({"paths": {"/api/v1/secrets/{secret_id}": {"post": operation}}})
    await walk.foreign_ids()
    await walk.foreign_references()
    found = "\n".join(walk.crossings + walk.untried())
    assert "needs something in both businesses: make it in world.py" in found
    assert "has planet_id: say in REFERENCES what it refers to" in found
    assert "POST /api/v1/secrets/{secret_id} was not tried" in found


async def test_one_token_acts_in_the_business_that_each_request_names(world: World) -> None:
    account = {"email": f"both-{world.one.marker}@example.com", "password": f"Evening-{world.one.marker}-8"}
    carts, etags = {}, {}
    for business in (world.one, world.two):
        await business.come_back()
    for business in (world.one, world.two):
        joined = await business.make(
            "/auth/signup", {**account, "company_id": business.company, "first_name": "B", "last_name": "B"}
        )
    token = await world.one.sign_in(account["email"], account["password"])

    def at(business: Business) -> dict[str, str]:
        return {**token, "X-Company-Id": business.company}

    for business in (world.one, world.two):
        made = await world.http.post("/api/v1/carts", headers=at(business), json={"currency": "ZAR"})
        carts[business.company], etags[business.company] = made.json()["id"], made.headers["etag"]
    for _ in range(10):
        turn = [world.one, world.two] * 2
        answers = await asyncio.gather(*(world.http.get("/api/v1/carts", headers=at(b)) for b in turn))
        for business, answer in zip(turn, answers, strict=True):
            assert [item["id"] for item in answer.json()["items"]] == [carts[business.company]]
    # What the other business's answer was tagged with is no key to it.
    crossed = {**at(world.one), "If-None-Match": etags[world.two.company]}
    refused = await world.http.get(f"/api/v1/carts/{carts[world.two.company]}", headers=crossed)
    assert refused.status_code == 404
    left = await world.http.delete(
        f"/api/v1/tenants/{world.two.company}/members/{joined['user']['id']}", headers=world.two.owner
    )
    assert left.status_code == 204
    again = [await world.http.get("/api/v1/carts", headers=at(b)) for b in (world.two, world.one)]
    # Whether the session ended with it or not: the business that was left is closed at once.
    assert again[0].status_code in (401, 403)
    assert again[1].status_code in (200, 401)
