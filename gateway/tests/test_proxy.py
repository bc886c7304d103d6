"""What reaches a service, what comes back, and how failures in between look."""

import asyncio
from typing import Any

import pytest

from gateway.tests.conftest import World, make_world
from libs.common.ids import new_id
from libs.common.testing.eventually import eventually


def header(answer: dict[str, Any], name: str) -> str | None:
    found = [value for n, value in answer["headers"] if n == name]
    assert len(found) <= 1, f"{name} came {len(found)} times"
    return found[0] if found else None


class TestPassingOn:
    async def test_a_service_gets_its_own_path_query_and_body(self, both: World) -> None:
        person = both.identity.person("crm.*")
        response = await both.post("/api/v1/deals/42/win?a=1&b=%2F", json={"x": 1}, headers=person.headers)
        assert response.status_code == 200
        seen = response.json()
        assert (seen["service"], seen["method"], seen["path"]) == ("crm", "POST", "/deals/42/win")
        assert seen["query"] == "a=1&b=%2F"
        assert seen["size"] == len(b'{"x":1}')

    async def test_the_actor_arrives_signed(self, both: World) -> None:
        person = both.identity.person("crm.*")
        seen = (await both.get("/api/v1/deals", headers=person.headers)).json()
        assert seen["actor"]["user_id"] == str(person.actor.user_id)
        assert seen["actor"]["tenant_id"] == str(person.actor.tenant_id)

    async def test_a_client_cannot_say_who_it_is(self, both: World) -> None:
        forged = {"X-Pillars-Actor": "forged", "X-Pillars-Other": "1", "X_Pillars_Actor": "forged"}
        seen = (await both.get("/api/v1/deals", headers=forged)).json()
        assert seen["actor"]["kind"] == "guest"
        assert header(seen, "x-pillars-other") is None
        assert header(seen, "x_pillars_actor") is None

    async def test_credentials_and_hop_by_hop_headers_stay_outside(self, both: World) -> None:
        person = both.identity.person()
        sent = {
            **person.headers,
            "Connection": "close, X-Drop",
            "X-Drop": "1",
            "TE": "trailers",
            "X-Keep": "1",
        }
        seen = (await both.get("/api/v1/deals", headers=sent)).json()
        for name in ("authorization", "x-drop", "te"):
            assert header(seen, name) is None
        assert header(seen, "x-keep") == "1"

    async def test_forwarded_headers_of_strangers_are_replaced(self, both: World) -> None:
        sent = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "Forwarded": "for=6.6.6.6"}
        seen = (await both.get("/api/v1/deals", headers=sent)).json()
        assert header(seen, "x-forwarded-for") == "127.0.0.1"
        assert header(seen, "x-forwarded-proto") == "http"
        assert header(seen, "forwarded") is None

    async def test_a_trusted_proxy_is_believed(self) -> None:
        async with make_world(trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]) as world:
            sent = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.1.1", "X-Forwarded-Proto": "https"}
            seen = (await world.get("/api/v1/deals", headers=sent)).json()
            assert header(seen, "x-forwarded-for") == "203.0.113.9"
            assert header(seen, "x-forwarded-proto") == "https"

    async def test_inner_headers_of_the_answer_stay_inside(self, both: World) -> None:
        response = await both.get("/api/v1/deals")
        assert "x-pillars-secret" not in response.headers
        assert response.headers["x-own"] == "kept"

    async def test_one_request_id_goes_all_the_way(self, both: World) -> None:
        response = await both.get("/api/v1/deals", headers={"X-Request-Id": "client-id-0001"})
        assert response.headers.get_list("x-request-id") == ["client-id-0001"]
        assert header(response.json(), "x-request-id") == "client-id-0001"

    @pytest.mark.parametrize("bad", ["short", "x" * 65, "has space in it", 'quo"te-quote'])
    async def test_a_strange_request_id_is_replaced(self, world: World, bad: str) -> None:
        response = await world.get("/api/v1/deals", headers={"X-Request-Id": bad})
        assert response.headers["x-request-id"] != bad
        assert len(response.headers["x-request-id"]) == 36

    async def test_the_clients_trace_goes_on(self, both: World) -> None:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        sent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        seen = (await both.get("/api/v1/deals", headers=sent)).json()
        assert trace in (header(seen, "traceparent") or "")

    async def test_the_clients_trace_goes_on_inside_a_span_too(self, world: World) -> None:
        world.gateway._is_traced = True
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        sent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        seen = (await world.get("/api/v1/deals", headers=sent)).json()
        assert trace in (header(seen, "traceparent") or "")

    async def test_head_is_answered_as_get_without_the_body(self, both: World) -> None:
        full = await both.get("/api/v1/deals/short")
        head = await both.client.head("/api/v1/deals/short")
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == full.headers["content-length"]
        assert head.headers["etag"] == '"3"'

    async def test_a_provider_hook_keeps_its_own_credential(self, both: World) -> None:
        path = f"/api/v1/payments/webhooks/sandbox/{new_id()}"
        seen = (await both.post(path, content=b"raw", headers={"Authorization": "Basic Zm9v"})).json()
        assert header(seen, "authorization") == "Basic Zm9v"
        assert seen["actor"]["kind"] == "guest"

    async def test_a_crash_of_a_service_is_a_problem(self, both: World) -> None:
        response = await both.get("/api/v1/deals/crash")
        assert response.status_code >= 500

    async def test_a_large_upload_streams_through(self, both: World) -> None:
        async def parts() -> Any:
            for _ in range(300):
                yield b"x" * 10_000

        person = both.identity.person()
        response = await both.post("/api/v1/files", content=parts(), headers=person.headers)
        assert response.json()["size"] == 3_000_000


class TestEventStreams:
    async def test_an_event_arrives_before_the_stream_ends(self, wire: World) -> None:
        upstream = wire.services["notifications"]
        async with wire.client.stream("GET", "/api/v1/notifications/stream") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            events = response.aiter_raw()
            async with asyncio.timeout(5):
                assert await anext(events) == b"id: 1\ndata: first\n\n"
                upstream.release.set()
                assert await anext(events) == b"id: 2\ndata: second\n\n"

    async def test_a_silent_stream_outlives_the_read_limit(self) -> None:
        async with make_world(over_http=True, read_seconds=0.05, total_seconds=0.1) as wire:
            upstream = wire.services["notifications"]
            async with wire.client.stream("GET", "/api/v1/notifications/stream") as response:
                events = response.aiter_raw()
                async with asyncio.timeout(5):
                    await anext(events)
                    asyncio.get_running_loop().call_later(0.3, upstream.release.set)
                    assert b"second" in await anext(events)

    async def test_a_client_that_leaves_ends_the_stream_behind(self, wire: World) -> None:
        upstream = wire.services["notifications"]
        async with wire.client.stream("GET", "/api/v1/notifications/stream") as response:
            await anext(response.aiter_raw())
            assert not upstream.left.is_set()
        await eventually(upstream.left.is_set)

    async def test_so_it_does_where_the_service_is_in_this_process(self) -> None:
        async with make_world(over_http=True, remote=()) as wire:
            upstream = wire.services["notifications"]
            async with wire.client.stream("GET", "/api/v1/notifications/stream") as response:
                async with asyncio.timeout(5):
                    assert b"first" in await anext(response.aiter_raw())
            await eventually(upstream.left.is_set)

    async def test_head_of_a_stream_ends(self, both: World) -> None:
        async with asyncio.timeout(5):
            response = await both.client.head("/api/v1/notifications/stream")
        assert response.status_code == 200
        await eventually(both.services["notifications"].left.is_set)


class TestTimeLimits:
    @pytest.mark.parametrize("over_http", [False, True])
    async def test_a_service_that_does_not_answer_is_504(self, over_http: bool) -> None:
        async with make_world(over_http=over_http, answer_seconds=0.1) as world:
            response = await world.get("/api/v1/deals/stall")
            assert response.status_code == 504
            assert response.json()["slug"] == "upstream-timeout"

    async def test_a_client_that_leaves_frees_the_service(self, wire: World) -> None:
        request = asyncio.create_task(wire.get("/api/v1/deals/stall"))
        await eventually(lambda: wire.crm.calls["stall"])
        gate = wire.gateway.proxy._http.watch("crm", "").gate
        assert gate.inside == 1
        request.cancel()
        left = await eventually(lambda: list(wire.gateway.requests.newest(lambda r: r.status == 0, None)))
        assert [record.path for record in left] == ["/api/v1/deals/stall"]
        assert gate.inside == 0
