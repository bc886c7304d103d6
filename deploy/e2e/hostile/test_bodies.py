"""Bad and hostile requests get their problem document and change nothing.

The bodies are made from the merged API document (`deploy.e2e.hostile.bodies`). Of all ways in which a body or a
field can be wrong each body gets a few and every second field one, in turn, so that a run is short and always the same,
and every way is used somewhere.
"""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from itertools import count, islice
from typing import Any
from uuid import UUID, uuid5

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk, jwt

from deploy.e2e.conftest import Shop, Suite, open_shop
from deploy.e2e.hostile.bodies import (
    HARMLESS,
    JSON,
    SQL,
    Document,
    Hostile,
    Operation,
    put,
    unreadable,
    wrong,
)
from libs.common.actor import ACTOR_HEADER, OPERATOR_TENANT_ID
from libs.common.db.tenancy import is_isolated
from libs.common.logging import JsonFormatter
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import load_all
from libs.common.testing.eventually import eventually

NOBODY = "0198c0de-0000-7000-8000-000000000000"
# Their limits per address are shared with all other tests of the run.
SIGN_IN = re.compile(r"/auth/(login|register|signup)$")
# What a mistake of ours would end for the tests that follow, and what answers with a stream.
LEFT_OUT = re.compile(r"/auth/(logout|refresh|sessions)|/notifications/stream|/webhooks/")
# Rows of how requests and events travel, not of what a business has.
TRANSPORT = {"outbox", "inbox", "jobs", "job_schedules", "idempotency_keys", "dead_letters"}
# What is refused after it was counted is taken off again, from a counter that stays.
COUNTERS = {"usage_counters"}
AT_ONCE = 8
PER_BODY = 3


@pytest.fixture(scope="module")
async def shop(suite: Suite) -> AsyncIterator[Shop]:
    """One business for all these tests: what they send changes nothing."""
    async with open_shop(suite) as opened:
        yield opened


@pytest.fixture(scope="module")
async def document(suite: Suite) -> Document:
    """The merged API document."""
    async with suite.client() as client:
        return Document((await client.get("/schema")).json())


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


class Target:
    """Paths and examples with ids of things that the shop has, so that requests get as deep as they can."""

    def __init__(self, client: httpx.AsyncClient, document: Document, shop: Shop) -> None:
        self.client = client
        self.document = document
        self.shop = shop
        self._first: dict[str, Any] = {}
        self._known: dict[str, Any] = {"currency": "ZAR", "country": "ZA", "variant_id": shop.variant}

    async def prepare(self) -> None:
        """Look up what examples refer to."""
        lists = {"category_id": "/categories", "product_id": "/products", "store_id": "/inventory/stores"}
        for name, path in {**lists, "pipeline_id": "/pipelines", "stage_id": "/stages"}.items():
            row = await self.first(f"/api/v1{path}")
            if row:
                self._known[name] = row["id"]

    async def first(self, path: str) -> dict[str, Any] | None:
        """The first row of a list, if it is one and has any."""
        if path not in self._first:
            response = await patiently(self.client, "GET", path, headers=self.shop.owner)
            items = response.json().get("items") if response.status_code == 200 else None
            self._first[path] = items[0] if isinstance(items, list) and items else None
        row: dict[str, Any] | None = self._first[path]
        return row

    async def path(self, template: str) -> str:
        """The path with the id of something that is there in place of each parameter."""
        path = ""
        for segment in template.strip("/").split("/"):
            if segment == "{tenant_id}":
                segment = self.shop.company
            elif segment.startswith("{"):
                row = await self.first(path) or {}
                segment = str(row.get("id") or row.get("user_id") or NOBODY)
            path += f"/{segment}"
        return path

    def example(self, operation: Operation) -> Any:
        """A body that fits."""
        return self.document.example(operation.schema, self._known.get)


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
    suite: Suite, shop: Shop, document: Document
) -> None:
    await eventually(lambda: all_holds(suite), 30)
    before = await possessions(suite, shop.company)
    operator = await possessions(suite, str(OPERATOR_TENANT_ID))
    failures: list[str] = []
    sent = 0
    turn = count()
    gate = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        target = Target(client, document, shop)
        await target.prepare()

        async def attack(operation: Operation, path: str, hostile: Hostile) -> None:
            key = str(uuid5(UUID(NOBODY), f"{operation} {hostile.name}"))
            headers = {**shop.owner, "Idempotency-Key": key, **hostile.headers}
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
    after = await possessions(suite, shop.company)
    assert {name for name in before if before[name] != after[name]} == set()
    # Other tests may work for the operator meanwhile, in their own processes; here only this one does.
    grown = await possessions(suite, str(OPERATOR_TENANT_ID))
    assert {name for name in operator if operator[name] != grown[name]} == set()


async def test_harmless_text_is_kept_as_it_came(suite: Suite, shop: Shop) -> None:
    async with suite.client(**shop.owner) as client:
        for text in HARMLESS:
            made = await client.post("/categories", json={"name": text})
            assert made.status_code == 201, (text, made.text)
            read = await client.get(f"/categories/{made.json()['id']}")
            assert read.json()["name"] == text
            found = await client.get("/companies", params={"q": text})
            assert (found.status_code, found.json()["items"]) == (200, [])
    await eventually(lambda: all_holds(suite), 30)


QUERIES = (
    "limit=1000000",
    "limit=0",
    "limit=-1",
    "limit=x",
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


async def test_bad_queries_of_every_list_are_refused(suite: Suite, shop: Shop, document: Document) -> None:
    failures = []
    turn = count()
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        for path, item in document.document["paths"].items():
            names = {p["name"] for p in item.get("get", {}).get("parameters", ()) if p.get("in") == "query"}
            if "{" in path or not {"limit", "cursor", "order"} <= names:
                continue
            for _ in range(3):
                query = QUERIES[next(turn) % len(QUERIES)]
                response = await patiently(client, "GET", f"{path}?{query}", headers=shop.owner)
                if not is_problem(response):
                    failures.append(f"{path}?{query[:40]}: {response.status_code} {response.text[:120]}")
    assert next(turn) > 90
    assert not failures, "\n".join(failures)


async def test_a_cursor_is_good_for_its_own_list_only(suite: Suite, shop: Shop) -> None:
    async with suite.client() as client:
        page = (await client.get("/stages", params={"limit": 1}, headers=shop.owner)).json()
        cursor = page["next_cursor"]
        assert cursor is not None
        own = await client.get("/stages", params={"cursor": cursor, "limit": 1}, headers=shop.owner)
        assert own.status_code == 200
        for path, params, who in (
            ("/tasks", {}, shop.owner),
            ("/stages", {"order": "created_at"}, shop.owner),
            ("/stages", {"created_at_from": "2026-01-01T00:00:00Z"}, shop.owner),
            ("/stages", {}, shop.staff),
        ):
            response = await client.get(path, params={**params, "cursor": cursor}, headers=who)
            assert is_problem(response), (path, params, response.status_code, response.text)


IDS = (
    "x",
    "0",
    "-1",
    "null",
    "%00",
    "%ff",
    "%2e%2e",
    "a%2Fb",
    "%252e%252e",
    "a%5Cb",
    ";x",
    "%F0%9F%9A%80",
    "'%20OR%201=1--",
    NOBODY[:-1],
    "A" * 5000,
    "A" * 9000,
    NOBODY,
)


async def test_malformed_and_unknown_ids_are_refused(suite: Suite, shop: Shop, document: Document) -> None:
    await eventually(lambda: all_holds(suite), 30)
    before = await possessions(suite, shop.company)
    failures = []
    turn = count()
    base = httpx.URL(suite.url)
    async with httpx.AsyncClient(timeout=30) as client:
        for template, item in document.document["paths"].items():
            if "{" not in template or LEFT_OUT.search(template) or template.endswith("{category}"):
                continue
            for method in sorted({"get", "post", "put", "patch", "delete"} & set(item)):
                number = next(turn)
                value = IDS[number % len(IDS)]
                raw = "/".join(value if part.startswith("{") else part for part in template.split("/"))
                response = await patiently(
                    client,
                    method.upper(),
                    base.copy_with(raw_path=raw.encode()),
                    headers={**shop.owner, "Idempotency-Key": f"id-{number}", **JSON},
                    content=b"{}" if method in ("post", "put", "patch") else b"",
                )
                # A device that is not known is forgotten already.
                forgotten = response.status_code == 204 and "/fcm/" in template
                if not is_problem(response) and not forgotten:
                    failures.append(f"{method} {template} {value[:20]}: {response.status_code}")
    assert not failures, "\n".join(failures[:40])
    assert await possessions(suite, shop.company) == before


def encoded(value: Any) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(token: str, public_key: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tokens that say what a real one says, and are not signed by the platform."""
    head, body, signature = token.split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
    for algorithm in ("none", "None", "nOnE", ""):
        yield f"alg {algorithm}", f"{encoded({**header, 'alg': algorithm})}.{body}."
        yield f"alg {algorithm}, signed", f"{encoded({**header, 'alg': algorithm})}.{body}.{signature}"
    pem = jwk.construct(public_key).to_pem()
    for secret in (pem, pem.strip(), public_key["n"].encode(), b""):
        signed = f"{encoded({**header, 'alg': 'HS256'})}.{body}"
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        yield "HS256 with the public key", f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = jwk.construct(own, "RS256").public_key().to_dict()
    kid = {"kid": header["kid"]}
    yield "another key", jwt.encode(claims, own, "RS256", headers=kid)
    yield "a key of its own", jwt.encode(claims, own, "RS256", headers={**kid, "jwk": public})
    yield "a key elsewhere", jwt.encode(claims, own, "RS256", headers={**kid, "jku": "http://127.0.0.1:9/"})
    yield "an unknown key", jwt.encode(claims, own, "RS256", headers={"kid": "../../dev/null"})
    yield "no key", jwt.encode(claims, own, "RS256")
    yield "another issuer", jwt.encode({**claims, "iss": "https://evil.example"}, own, "RS256", headers=kid)
    yield "a key list", f"{encoded({**header, 'kid': [1]})}.{body}.{signature}"
    yield "another person", f"{head}.{encoded({**claims, 'sub': NOBODY})}.{signature}"
    yield "for ever", f"{head}.{encoded({**claims, 'exp': 10**12})}.{signature}"
    yield "cut off", token[:-6]
    yield "no JSON", f"eyJ.{body}.{signature}"
    yield "a list", f"{encoded([1])}.{body}.{signature}"
    yield "empty", "ey.."
    yield "huge", f"ey{'A' * 9000}.a.b"


async def test_forged_tokens_are_refused(suite: Suite, shop: Shop) -> None:
    token = shop.owner["Authorization"].removeprefix("Bearer ")
    async with suite.client() as client:
        keys = (await client.get(f"{suite.url}/.well-known/jwks.json")).json()["keys"]
        for name, forged in forgeries(token, keys[0]):
            headers = {"Authorization": f"Bearer {forged}", "X-Company-Id": shop.company}
            response = await client.post("/categories", json={"name": "Forged"}, headers=headers)
            assert is_problem(response), (name, response.text)
            assert response.status_code == 401, name
            assert forged not in response.text
        assert (await client.get("/auth/me", headers=shop.owner)).status_code == 200


async def test_headers_do_not_open_other_doors(suite: Suite, shop: Shop) -> None:
    sign_in = {"Authorization": shop.owner["Authorization"]}
    async with suite.client() as client:
        for company in ("x", "", "null", NOBODY, str(OPERATOR_TENANT_ID), f"{shop.company},{NOBODY}", SQL):
            response = await client.get("/deals", headers={**sign_in, "X-Company-Id": company})
            assert is_problem(response), (company, response.status_code)
        twice = [*shop.owner.items(), ("X-Company-Id", NOBODY)]
        assert is_problem(await client.get("/deals", headers=twice))
        system = f"{encoded({'kind': 'system'})}.{encoded({'permissions': ['*']})}"
        for name in (ACTOR_HEADER, ACTOR_HEADER.replace("-", "_"), "X-Pillars-Anything", "X-Original-URL"):
            anonymous = await client.get("/auth/me", headers={name: system})
            assert anonymous.status_code == 401, name
            assert (await client.get("/deals", headers={**shop.owner, name: system})).status_code == 200, name
        large = await client.get("/deals", headers={**shop.owner, "X-Large": "x" * 40_000})
        assert is_problem(large)
        assert large.status_code == 431


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


async def test_what_two_readers_could_frame_in_two_ways_is_refused_once(suite: Suite, shop: Shop) -> None:
    hidden = b'{"name": "Smuggled"}'
    smuggled = b"POST /api/v1/categories HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    smuggled += "".join(f"{name}: {value}\r\n" for name, value in shop.owner.items()).encode()
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
    async with suite.client(**shop.owner) as client:
        names = [row["name"] for row in (await client.get("/categories")).json()["items"]]
    assert "Smuggled" not in names


async def test_planted_secrets_show_nowhere(suite: Suite, shop: Shop) -> None:
    password, credential, card = "Planted-pass-8c1f", "sk_planted_77aa", "planted-device-5e2d"
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonFormatter("test"))
    root = logging.getLogger()
    level = root.level
    # The client of this test logs what it asks for.
    handler.addFilter(lambda record: not record.name.startswith("http"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    texts = []
    try:
        async with suite.client(**shop.owner) as client:
            person = {"email": f"{shop.story.run}@planted.example", "first_name": "A", "last_name": "B"}
            account = {"provider": "sandbox", "name": "Mine", "currency": "ZAR"}
            for path, body in (
                ("/auth/signup", {**person, "company_id": shop.company, "password": password}),
                ("/auth/signup", {**person, "company_id": shop.company, "password": [password]}),
                ("/auth/login", {"email": person["email"], "password": password, "x": password}),
                ("/auth/password/change", {"current_password": password, "new_password": f"{password}2"}),
                ("/payment-accounts", {**account, "credentials": {"secret_key": credential}}),
                ("/payment-accounts", {**account, "credentials": {"secret_key": {"x": credential}}}),
                ("/fcm/register", {"token": card, "platform": "web"}),
            ):
                response = await client.post(path, json=body)
                texts.append(response.text if response.status_code >= 400 else "")
            await client.delete(f"/fcm/register/{card}")
            for path in ("/audit-log", "/payment-accounts", "/auth/sessions", "/users"):
                texts.append((await client.get(path, params={"limit": 200})).text)
        await eventually(lambda: all_holds(suite), 30)
        async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
            for service in load_all():
                rows = await connection.execute(f'SELECT t::text FROM "{service.name}".outbox t')
                texts += [row[0] for row in await rows.fetchall()]
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    token = shop.owner["Authorization"].removeprefix("Bearer ")
    said = "\n".join([*texts, log.getvalue()])
    assert "signup" in log.getvalue()
    assert len(texts) > 20
    for secret in (password, credential, card, token, "PRIVATE KEY"):
        assert secret not in said, said[max(0, said.find(secret) - 300) :][:400]
