"""The edge of a request: one commit, before the answer; every error a problem document."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from libs.common.actor import ACTOR_HEADER, ActorSigner
from libs.common.errors import ValidationFailed
from libs.common.http.middleware import Message
from libs.common.http.strict_json import check
from libs.common.http.tests.notes import MODELS, Note
from libs.common.runtime.app import build_app
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client


async def count(context: ServiceContext, tenant_id: UUID) -> int:
    """Notes of a tenant that were committed."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        return await uow.session.scalar(select(func.count()).select_from(Note)) or 0


async def test_a_constraint_that_fails_at_commit_is_a_conflict_and_never_a_201(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    assert (await client.post("/notes", json={"title": "a", "serial": "1"})).status_code == 201

    refused = await client.post("/notes", json={"title": "b", "serial": "1"})

    assert refused.status_code == 409
    assert refused.json()["slug"] == "already-exists"
    assert refused.json()["constraint"] == "uq_notes_serial"
    assert await count(context, tenant_id) == 1


async def test_a_refused_request_leaves_no_event(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await client.post("/notes", json={"title": "a", "serial": "1"})
    await client.post("/notes", json={"title": "b", "serial": "1"})

    async with context.unit_of_work(platform=True) as uow:
        outbox = MODELS.outbox
        events = await uow.session.scalar(select(func.count()).where(outbox.tenant_id == tenant_id))
    assert events == 1


async def test_an_unexpected_error_tells_nothing(client: Client) -> None:
    response = await client.get("/notes/crash")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "bad-request"),
        (b"\xff\xfe", 400, "bad-request"),
        (b"[]", 422, "validation-failed"),
        (b'{"title": 1}', 422, "validation-failed"),
        (b'{"title": "x", "other": 1}', 422, "validation-failed"),
        (b'{"title": "nul \\u0000"}', 422, "validation-failed"),
        (b'{"title": "lone \\ud800 surrogate"}', 422, "validation-failed"),
        (b'{"title": "x", "rank": 99999999999999999999999}', 422, "validation-failed"),
        (b'{"title": "x", "price": {"amount": -1, "currency": "ZAR"}}', 422, "validation-failed"),
        (b'{"title": "x", "price": {"amount": 1e400, "currency": "ZAR"}}', 422, "validation-failed"),
        (b'{"title": "x", "price": {"amount": 1, "currency": "QQQ"}}', 422, "validation-failed"),
        (b"[" * 100_000, 400, "bad-request"),
        (b'{"title": "one", "title": "two"}', 400, "bad-request"),
        (b'{"title": "x", "price": {"amount": 1, "amount": 2, "currency": "ZAR"}}', 400, "bad-request"),
        (b'{"title": "x", "rank": NaN}', 400, "bad-request"),
        (b'{"title": "x", "rank": -Infinity}', 400, "bad-request"),
        ('{"title": "x"}'.encode("utf-16"), 400, "bad-request"),
        ('{"title": "x"}'.encode("utf-32-le"), 400, "bad-request"),
        (b'\xef\xbb\xbf{"title": "x"}', 400, "bad-request"),
        (b'{"title": "x", "other": {"nul \\u0000": [1e999]}}', 422, "validation-failed"),
        (b'{"title": "x", "rank": true}', 422, "validation-failed"),
        (b'{"title": "x", "rank": "7"}', 422, "validation-failed"),
        (b'{"title": "x", "rank": 7.0}', 422, "validation-failed"),
    ],
)
async def test_bad_bodies_get_a_problem_and_change_nothing(
    context: ServiceContext, client: Client, tenant_id: UUID, body: bytes, status: int, slug: str
) -> None:
    response = await client.post("/notes", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["slug"]) == (status, slug), response.text
    assert response.json()["type"] == f"urn:pillars:problem:notes:{slug}"
    assert await count(context, tenant_id) == 0


@pytest.mark.parametrize("number", ["1e20", "1" + "0" * 400, "-1e19", "1e400"])
def test_a_number_beyond_64_bits_is_refused_wherever_it_stands(number: str) -> None:
    with pytest.raises(ValidationFailed):
        check(b'{"free": {"form": [%b]}}' % number.encode())
    check(b'{"free": {"form": [-9223372036854775808, 9007199254740993, 1.5, 1e15]}}')


async def test_a_client_that_leaves_early_is_no_failure_of_ours(context: ServiceContext) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"title": ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/notes", "query_string": b"", "headers": headers}
    await build_app(context)(scope, receive, send)
    assert sent[0]["status"] == 400


async def test_an_encoded_body_is_refused(client: Client) -> None:
    body = gzip.compress(b'{"title": "x"}')
    for coding, content in (("gzip", body), ("gzip", b'{"title": "x"}'), ("identity, br", body)):
        headers = {"content-type": "application/json", "content-encoding": coding}
        response = await client.post("/notes", content=content, headers=headers)
        assert (response.status_code, response.json()["slug"]) == (415, "unsupported-media-type")


async def test_bad_queries_get_a_problem(client: Client) -> None:
    for query in ("order=--rank", "order=-", "q=%00", "limit=201", "limit=0", "cursor=x", "other=1"):
        response = await client.get(f"/notes?{query}")
        assert response.status_code == 422, query


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=5&limit=9", ["limit"]),
        ("limit=5&limit=5", ["limit"]),
        ("limit=5&q=&limit=9&title=a&q=b", ["limit", "q"]),
        ("rank_min=1&rank%5Fmin=2", ["rank_min"]),
        ("title=a&title=b&rank_min=1", []),
        ("title=a&limit=5", []),
    ],
)
async def test_a_parameter_of_one_value_is_refused_twice(
    client: Client, query: str, named: list[str]
) -> None:
    answer = await client.get(f"/notes?{query}")
    errors = answer.json().get("errors", [])
    assert [error["loc"] for error in errors] == [["query", name] for name in named]
    assert answer.status_code == (422 if named else 200)


async def test_a_business_is_named_once_whatever_is_asked(client: Client, tenant_id: UUID) -> None:
    twice = f"company_id={tenant_id}&company_id={tenant_id}"
    refused = await client.post(f"/notes?{twice}", json={"title": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["query", "company_id"])


async def test_who_may_not_ask_hears_that_first(client: Client) -> None:
    assert (await client.acting(None).get("/notes?limit=5&limit=9")).status_code == 401


async def test_what_only_looks_hostile_is_kept_as_it_came(client: Client) -> None:
    for text in ("\\u0000 \\ud800", "🚀 \u202eשלום", "'; DROP TABLE notes; --", "{{ 7*7 }}", "=1+1"):
        for body in (json.dumps({"title": text}), json.dumps({"title": text}, ensure_ascii=False)):
            response = await client.post(
                "/notes", content=body.encode(), headers={"content-type": "application/json"}
            )
            assert (response.status_code, response.json()["title"]) == (201, text)


async def test_the_rejected_value_is_never_repeated(client: Client) -> None:
    response = await client.post("/notes", json={"title": {"password": "hunter2"}})
    assert response.status_code == 422
    assert "hunter2" not in response.text


async def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    response = await client.post("/notes", json={"title": "x" * 2_000_000})
    assert response.status_code == 413
    assert response.json()["slug"] == "payload-too-large"


async def test_a_body_of_unknown_length_beyond_the_limit_is_refused(client: Client) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"title": "'
        for _ in range(40):
            yield b"x" * 50_000
        yield b'"}'

    for content_type in ("application/json", "text/plain"):
        response = await client.post("/notes", content=parts(), headers={"content-type": content_type})
        assert (response.status_code, response.json()["slug"]) == (413, "payload-too-large")


async def test_unknown_paths_and_methods_are_problems_too(client: Client) -> None:
    missing, wrong = await client.get("/nothing"), await client.delete("/notes")
    assert (missing.status_code, missing.json()["slug"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json()["slug"]) == (405, "method-not-allowed")


async def test_allow_names_every_method_of_a_path_and_no_other(client: Client) -> None:
    for path, methods in (("/notes", "GET, HEAD, OPTIONS, POST"), ("/notes/once", "OPTIONS, POST")):
        refused = await client.request("PURGE", path)
        asked = await client.request("OPTIONS", path)

        assert (refused.status_code, refused.headers["allow"]) == (405, methods)
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, methods, b"")
    assert (await client.request("OPTIONS", "/nothing")).status_code == 404


async def test_a_number_is_no_time_in_a_query(client: Client) -> None:
    for value in ("0", "0.5", "-1", "1e9", "NaN", "1700000000"):
        refused = await client.get("/notes", params={"created_at_from": value})
        assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed"), value
    assert (await client.get("/notes", params={"created_at_from": "2026-01-01T00:00:00Z"})).status_code == 200


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
async def test_a_time_beyond_the_calendar_is_refused(client: Client, value: str) -> None:
    refused = await client.get("/notes", params={"created_at_from": value})
    assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed")


async def test_only_signed_identities_are_taken(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    now = context.clock.now().timestamp()
    forged = ActorSigner("guessed").sign(user(tenant_id), now)
    old = context.signer.sign(user(tenant_id), now - 3600)
    nobody = client.acting(None)
    for header in (forged, old, "nonsense", "a.b", "é"):
        response = await nobody.get("/notes", headers={ACTOR_HEADER: header.encode()})
        assert response.status_code == 401, header
    assert (await nobody.get("/notes")).status_code == 401
    assert (await client.acting(guest(tenant_id)).get("/notes")).status_code == 401
    assert (await client.acting(guest(tenant_id, "notes.notes.read")).get("/notes")).status_code == 200


async def test_trading_waits_for_activation(client: Client, tenant_id: UUID) -> None:
    pending = client.acting(user(tenant_id, tenant_status="pending"))
    refused = await pending.post("/notes", json={"title": "x"})
    assert (refused.status_code, refused.json()["slug"]) == (403, "tenant-not-active")
    assert (await pending.get("/notes")).status_code == 200


async def test_a_call_without_a_business_asks_for_one(client: Client) -> None:
    response = await client.acting(user(None)).get("/notes")
    assert (response.status_code, response.json()["slug"]) == (400, "tenant-required")


async def test_a_repeat_with_the_same_key_gets_the_first_answer(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await client.post("/notes/once", json={"title": "x"}, headers=key)
    again = await client.post("/notes/once", json={"title": "x"}, headers=key)
    other = await client.post("/notes/once", json={"title": "y"}, headers=key)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (other.status_code, other.json()["slug"]) == (422, "idempotency-key-reused")
    assert await count(context, tenant_id) == 1


async def test_a_repeat_in_another_order_gets_the_first_answer(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    async def send(body: str, key: str = "k1") -> httpx.Response:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return await client.post("/notes/once", content=body.encode(), headers=headers)

    first = await send('{"title": "é", "price": {"amount": 1, "currency": "ZAR"}}')
    again = await send('{"price":{"currency":"ZAR","amount":1},"title":"\\u00e9"}')
    other = await send('{"price":{"currency":"ZAR","amount":2},"title":"é"}')

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["slug"]) == (422, "idempotency-key-reused")
    assert await count(context, tenant_id) == 1


async def test_a_repeat_of_what_an_earlier_release_was_sent_gets_its_answer(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await client.post("/notes/once", json={"title": "x", "rank": 1}, headers=key)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(update(MODELS.idempotency_key).values(content_hash=None))

    again = await client.post("/notes/once", json={"title": "x", "rank": 1}, headers=key)
    other = await client.post("/notes/once", json={"rank": 1, "title": "x"}, headers=key)

    assert again.content == first.content
    assert (other.status_code, other.json()["slug"]) == (422, "idempotency-key-reused")


async def test_what_was_made_is_where_the_answer_says(client: Client) -> None:
    key = {"Idempotency-Key": "k1"}
    for path, headers in (("/notes", {}), ("/notes/once", key), ("/notes/once", key)):
        made = await client.post(path, json={"title": "x"}, headers=headers)
        assert made.headers["location"] == f"/api/v1/notes/{made.json()['id']}"
        found = await client.get(made.headers["location"].removeprefix("/api/v1"))
        assert found.json() == made.json()
    refused = await client.post("/notes", json={})
    assert "location" not in refused.headers
    assert "location" not in found.headers


async def test_repeats_at_the_same_time_have_one_effect(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    key = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(
        *(client.post("/notes/once", json={"title": "x"}, headers=key) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(context, tenant_id) == 1


async def test_a_failed_request_may_be_repeated_with_its_key(client: Client) -> None:
    key = {"Idempotency-Key": "k1"}
    assert (await client.post("/notes/once", json={"title": "refused"}, headers=key)).status_code == 409
    assert (await client.post("/notes/once", json={"title": "fine"}, headers=key)).status_code == 201


async def test_keys_of_other_callers_and_businesses_do_not_meet(
    client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    key = {"Idempotency-Key": "k1"}
    made = set()
    for actor in (user(tenant_id), user(tenant_id), user(other_tenant_id)):
        response = await client.acting(actor).post("/notes/once", json={"title": "x"}, headers=key)
        assert response.status_code == 201
        made.add(response.json()["id"])
    assert len(made) == 3


async def test_a_key_is_required_and_must_be_printable(client: Client) -> None:
    missing = await client.post("/notes/once", json={"title": "x"})
    assert (missing.status_code, missing.json()["slug"]) == (400, "idempotency-key-required")
    empty = await client.post("/notes/once", json={"title": "x"}, headers={"Idempotency-Key": ""})
    assert (empty.status_code, empty.json()["slug"]) == (400, "idempotency-key-required")
    for key in ("k" * 256, "a b"):
        bad = await client.post("/notes/once", json={"title": "x"}, headers={"Idempotency-Key": key})
        assert (bad.status_code, bad.json()["slug"]) == (422, "validation-failed")


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain; charset=utf-8", "multipart/form-data; boundary=x"]
)
async def test_a_body_of_another_type_is_415(client: Client, kind: str) -> None:
    body = b'{"title": "x"}'
    refused = await client.post("/notes", content=body, headers={"Content-Type": kind})
    assert (refused.status_code, refused.json()["slug"]) == (415, "unsupported-media-type")
    assert "application/json" in refused.json()["detail"]
    unnamed = await client.post("/notes", content=body)
    assert (unnamed.status_code, unnamed.json()["slug"]) == (415, "unsupported-media-type")
    for nothing in ({}, {"headers": {"Content-Type": "application/json"}}):
        missing = await client.post("/notes", content=b"", **nothing)  # type: ignore[arg-type]
        assert (missing.status_code, missing.json()["slug"]) == (422, "validation-failed")
    taken = await client.post(
        "/notes", content=body, headers={"Content-Type": "Application/JSON; charset=UTF-8"}
    )
    assert taken.status_code == 201


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (['"1"'], 200),
        (['W/"1"'], 200),
        (["1"], 200),
        (["*"], 200),
        (['"7", "1"'], 200),
        (['"7",, W/"1" ,'], 200),
        (['"7"', '"1"'], 200),
        (['"7", "8"'], 412),
        (['"of-another-server"'], 412),
        (['"01"x'], 400),
        (["x"], 400),
        (['*, "1"'], 400),
        (["", ","], 400),
        ([""], 400),
        (['"1'], 400),
        (["-1"], 400),
        (["1_0"], 400),
        (["9" * 5000], 412),
    ],
)
async def test_if_match_names_any_of_the_versions_that_may_be_changed(
    client: Client, sent: list[str], status: int
) -> None:
    made = (await client.post("/notes", json={"title": "a"})).json()
    assert made["version"] == 1
    headers = [("If-Match", each) for each in sent]
    answer = await client.patch(f"/notes/{made['id']}", json={"title": "b"}, headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["slug"] == {400: "bad-request", 412: "precondition-failed"}[status]


async def test_nulls_sort_last_and_pages_meet_without_gaps(client: Client) -> None:
    for title, rank in (("a", 2), ("b", None), ("c", 1), ("d", None), ("e", 2), ("f", 3)):
        await client.post("/notes", json={"title": title, "rank": rank})
    for order, expected in (("rank", "caefbd"), ("-rank", "feacdb")):
        seen, cursor = "", None
        while True:
            params = {"order": order, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/notes", params=params)).json()
            seen += "".join(row["title"] for row in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == expected


async def test_ranges_and_alternatives_filter(client: Client) -> None:
    for title, rank in (("a", 1), ("b", 2), ("c", 3)):
        await client.post("/notes", json={"title": title, "rank": rank})

    async def titles(**params: object) -> str:
        page = (await client.get("/notes", params=params)).json()  # type: ignore[arg-type]
        return "".join(sorted(row["title"] for row in page["items"]))

    assert await titles(rank_min=2) == "bc"
    assert await titles(title=["a", "c"]) == "ac"
    assert await titles(q="B") == "b"
