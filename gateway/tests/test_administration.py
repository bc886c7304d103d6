"""What operators see, and that nobody else does."""

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from gateway.tests.conftest import World, make_world
from gateway.tests.identity import Person
from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.clock import ManualClock
from libs.common.ids import new_id

OPERATOR_PATHS = {
    "GET /api/v1/admin/health": "gateway.health.read",
    "GET /api/v1/admin/requests": "gateway.requests.read",
    "GET /api/v1/admin/bus": "gateway.bus.read",
    "GET /api/v1/admin/bus/outbox": "gateway.bus.read",
    "GET /api/v1/admin/bus/queues": "gateway.bus.read",
    "GET /api/v1/admin/bus/dead-letters": "gateway.bus.read",
    "GET /api/v1/admin/bus/dead-letters/crm/1": "gateway.bus.read",
    "POST /api/v1/admin/bus/dead-letters/crm/1/retry": "gateway.bus.write",
    "POST /api/v1/admin/bus/dead-letters/crm/1/skip": "gateway.bus.write",
    "GET /api/v1/admin/bus/jobs": "gateway.bus.read",
    "POST /api/v1/admin/bus/jobs/crm/1/retry": "gateway.bus.write",
}


# What the gateway itself answers to anyone, each for a reason that its name tells; all else needs a permission or an actor.
PUBLIC = {
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/schema",
    "/openapi.json",
    "/asyncapi.json",
    "/events",
    "/docs",
    "/docs/swagger",
    "/docs/static/{name}",
    "/redoc",
    "/docs/redoc",
    "/favicon.ico",
}


async def test_every_operation_of_the_gateway_says_who_may_call_it(world: World) -> None:
    operations = world.gateway.operations.operations
    open_to_all = {each.path for each in operations if each.permission is None and not each.needs_actor}
    assert open_to_all == PUBLIC


def operator(world: World, *permissions: str) -> Person:
    return world.identity.person(*(permissions or ("gateway.*",)), tenant_id=OPERATOR_TENANT_ID)


class TestRights:
    @pytest.mark.parametrize("operation", OPERATOR_PATHS)
    async def test_a_guest_gets_401(self, world: World, operation: str) -> None:
        method, path = operation.split()
        assert (await world.client.request(method, path)).status_code == 401

    @pytest.mark.parametrize("operation", OPERATOR_PATHS)
    async def test_staff_without_the_permission_get_403_naming_it(self, world: World, operation: str) -> None:
        method, path = operation.split()
        headers = operator(world, "gateway.other.read").headers
        response = await world.client.request(method, path, headers=headers)
        assert response.status_code == 403
        assert response.json()["required_permission"] == OPERATOR_PATHS[operation]

    @pytest.mark.parametrize("operation", OPERATOR_PATHS)
    async def test_the_owner_of_a_business_gets_403_whatever_he_holds(
        self, world: World, operation: str
    ) -> None:
        method, path = operation.split()
        response = await world.client.request(method, path, headers=world.identity.person("*").headers)
        assert response.status_code == 403


class TestHealth:
    async def test_the_process_answers_for_itself(self, world: World) -> None:
        world.crm.is_ready = False
        assert (await world.get("/healthz")).json() == {"status": "ok"}

    async def test_ready_means_everything_behind_is(self, both: World) -> None:
        assert (await both.get("/readyz")).json() == {"status": "ready", "not_ready": []}

    async def test_what_is_not_ready_is_named(self, both: World) -> None:
        both.crm.is_ready = False
        response = await both.get("/readyz")
        assert (response.status_code, response.json()["not_ready"]) == (503, ["crm"])

    async def test_the_roll_up_has_parts_and_times(self, world: World) -> None:
        world.crm.is_ready = False
        world.gateway.upstreams._apps.pop("orders")
        world.gateway.upstreams._urls["orders"] = "http://127.0.0.1:9"
        report = (await world.get("/api/v1/admin/health", headers=operator(world).headers)).json()
        assert report["status"] == "degraded"
        assert report["services"]["crm"]["status"] == "not ready"
        assert report["services"]["crm"]["parts"] == {"database": {"ok": False}}
        assert report["services"]["orders"]["status"] == "unreachable"
        assert report["services"]["catalog"]["status"] == "ready"
        assert report["services"]["catalog"]["ms"] >= 0

    async def test_a_part_that_is_away_degrades_the_whole_and_takes_nobody_out_of_rotation(
        self, world: World
    ) -> None:
        world.crm.parts["broker"] = {"ok": False}
        assert (await world.get("/readyz")).status_code == 200
        report = (await world.get("/api/v1/admin/health", headers=operator(world).headers)).json()
        assert (report["status"], report["services"]["crm"]["status"]) == ("degraded", "ready")

    async def test_that_all_is_well_again_is_seen_sooner_than_that_it_is_not(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:

            async def status() -> str:
                answer = await world.get("/api/v1/admin/health", headers=operator(world).headers)
                return str(answer.json()["status"])

            world.crm.parts["broker"] = {"ok": False}
            assert await status() == "degraded"
            world.crm.parts["broker"] = {"ok": True}
            clock.advance(seconds=0.3)
            assert await status() == "ok"
            world.crm.parts["broker"] = {"ok": False}
            clock.advance(seconds=0.3)
            assert await status() == "ok"

    async def test_metrics_count_by_service(self, world: World) -> None:
        await world.get("/api/v1/deals")
        await world.get(f"/api/v1/{new_id()}")
        text = (await world.get("/metrics")).text
        assert 'pillars_gateway_requests_total{method="GET",service="crm",status="2xx"} 1.0' in text
        assert 'pillars_gateway_requests_total{method="GET",service="none",status="4xx"} 1.0' in text
        assert 'pillars_gateway_request_seconds_bucket{le="0.005",service="crm"}' in text

    async def test_metrics_are_for_inner_networks(self) -> None:
        async with make_world(metrics_networks=["10.0.0.0/8"]) as world:
            assert (await world.get("/metrics")).status_code == 404


class TestRequestLog:
    async def requests(self, world: World, staff: Person, query: str = "") -> dict[str, Any]:
        response = await world.get(f"/api/v1/admin/requests?{query}", headers=staff.headers)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    async def test_it_says_who_did_what(self, world: World) -> None:
        person = world.identity.person(email="who@example.com")
        sent = {**person.headers, "X-Request-Id": "request-0003"}
        await world.get("/api/v1/deals?token=abc&q=x", headers=sent)
        found = (await self.requests(world, operator(world)))["items"][0]
        assert (found["method"], found["path"], found["status"]) == ("GET", "/api/v1/deals", 200)
        assert found["query"] == "token=***&q=x"
        assert (found["user"], found["user_id"]) == ("who@example.com", str(person.actor.user_id))
        assert found["tenant_id"] == str(person.actor.tenant_id)
        assert (found["request_id"], found["service"]) == ("request-0003", "crm")
        assert found["ms"] > 0

    async def test_it_is_filtered(self, world: World) -> None:
        person = world.identity.person(email="who@example.com")
        await world.get("/api/v1/deals", headers=person.headers)
        await world.post("/api/v1/orders")
        await world.get("/api/v1/nothing")
        staff = operator(world)
        for query, paths in {
            "method=post": ["/api/v1/orders"],
            "status=404": ["/api/v1/nothing"],
            "status=4xx": ["/api/v1/nothing"],
            "user=who@example.com": ["/api/v1/deals"],
            f"user={person.actor.user_id}": ["/api/v1/deals"],
            "path=/api/v1/o": ["/api/v1/orders"],
            "service=crm": ["/api/v1/deals"],
            "min_ms=60000": [],
        }.items():
            page = await self.requests(world, staff, query)
            assert [item["path"] for item in page["items"]] == paths, query

    async def test_it_is_paged_without_gaps_while_it_grows(self, world: World) -> None:
        for n in range(5):
            await world.get(f"/api/v1/deals/{n}")
        staff, seen, cursor = operator(world), [], ""
        while cursor is not None:
            page = await self.requests(
                world, staff, f"path=/api/v1/deals&limit=2{cursor and '&cursor=' + cursor}"
            )
            seen += [item["path"][-1] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["4", "3", "2", "1", "0"]

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=x", "status=abc", "min_ms=-1", "unknown=1", "limit=5&limit=9"]
    )
    async def test_a_malformed_filter_is_refused(self, world: World, query: str) -> None:
        response = await world.get(f"/api/v1/admin/requests?{query}", headers=operator(world).headers)
        assert response.status_code == 422

    async def test_probes_do_not_fill_it(self, world: World) -> None:
        for path in ("/healthz", "/readyz", "/metrics"):
            await world.get(path)
        assert (await self.requests(world, operator(world)))["items"] == []

    async def test_it_forgets_the_oldest(self) -> None:
        async with make_world(request_log_size=3) as world:
            for n in range(9):
                await world.get(f"/api/v1/deals/{n}")
            page = await self.requests(world, operator(world))
            assert [item["path"] for item in page["items"]] == [f"/api/v1/deals/{n}" for n in (8, 7, 6)]


class TestBus:
    async def test_the_outboxes_of_all_services_in_one(self, both: World) -> None:
        both.crm.internal["GET /internal/bus/outbox"] = {"pending": 3}
        both.services["orders"].internal["GET /internal/bus/outbox"] = {"pending": 0}
        answer = (await both.get("/api/v1/admin/bus/outbox", headers=operator(both).headers)).json()
        assert answer == {"services": {"crm": {"pending": 3}, "orders": {"pending": 0}}, "unavailable": []}

    async def test_the_service_is_asked_as_the_caller(self, world: World) -> None:
        staff = operator(world)
        asked = []

        def queues(_: Any, actor: Any, __: bytes) -> list[Any]:
            asked.append(actor.user_id)
            return []

        world.crm.internal["GET /internal/bus/queues"] = lambda *args: JSONResponse(queues(*args))
        await world.get("/api/v1/admin/bus", headers=staff.headers)
        assert asked == [staff.actor.user_id]

    async def test_dead_letters_are_paged_through_all_services(self, world: World) -> None:
        def letters(name: str, count: int) -> Any:
            def answer(request: Any, *_: Any) -> Response:
                first, limit = int(request.query_params.get("cursor", 0)), int(request.query_params["limit"])
                last = min(first + limit, count)
                items = [{"id": f"{name}-{n}"} for n in range(first, last)]
                return JSONResponse({"items": items, "next_cursor": str(last) if last < count else None})

            return answer

        for name, count in {"crm": 3, "orders": 0, "payments": 4}.items():
            world.services[name].internal["GET /internal/bus/dead-letters"] = letters(name, count)
        staff, seen, cursor, pages = operator(world), [], "", 0
        while cursor is not None:
            path = f"/api/v1/admin/bus/dead-letters?limit=2{cursor and '&cursor=' + cursor}"
            page = (await world.get(path, headers=staff.headers)).json()
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            cursor, pages = page["next_cursor"], pages + 1
        assert seen == ["crm-0", "crm-1", "crm-2", "payments-0", "payments-1", "payments-2", "payments-3"]
        one = (await world.get("/api/v1/admin/bus/dead-letters?service=crm", headers=staff.headers)).json()
        assert {item["service"] for item in one["items"]} == {"crm"}
        unknown = await world.get("/api/v1/admin/bus/dead-letters?service=nobody", headers=staff.headers)
        assert unknown.status_code == 404

    async def test_a_letter_is_read_retried_and_skipped(self, world: World) -> None:
        staff, letter, bodies = operator(world), str(new_id()), []

        def skip(_: Any, __: Any, body: bytes) -> Response:
            bodies.append(body)
            return Response(status_code=204)

        inside = f"/internal/bus/dead-letters/{letter}"
        world.crm.internal = {
            f"GET {inside}": {"id": letter, "reason": "boom"},
            f"POST {inside}/retry": {"id": letter, "status": "queued"},
            f"POST {inside}/skip": skip,
        }
        outside = f"/api/v1/admin/bus/dead-letters/crm/{letter}"
        assert (await world.get(outside, headers=staff.headers)).json()["reason"] == "boom"
        assert (await world.post(f"{outside}/retry", headers=staff.headers)).json()["status"] == "queued"
        response = await world.post(f"{outside}/skip", headers=staff.headers, json={"reason": "known bad"})
        assert response.status_code == 204
        assert bodies == [b'{"reason":"known bad"}']
        missing = await world.get(f"/api/v1/admin/bus/dead-letters/crm/{new_id()}", headers=staff.headers)
        assert missing.status_code == 404

    async def test_jobs_are_listed_by_state_and_run_again(self, world: World) -> None:
        asked = []

        def jobs(request: Any, *_: Any) -> Response:
            asked.append(dict(request.query_params))
            return JSONResponse({"items": [{"id": "1", "state": "dead"}], "next_cursor": None})

        world.crm.internal = {
            "GET /internal/bus/jobs": jobs,
            "POST /internal/bus/jobs/1/retry": {"id": "1", "state": "waiting"},
        }
        headers = operator(world).headers
        page = (await world.get("/api/v1/admin/bus/jobs?state=dead", headers=headers)).json()
        assert page == {"items": [{"id": "1", "state": "dead", "service": "crm"}], "next_cursor": None}
        assert asked == [{"state": "dead", "limit": "50"}]
        response = await world.post("/api/v1/admin/bus/jobs/crm/1/retry", headers=headers)
        assert response.json()["state"] == "waiting"

    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": 1}, {"reason": "x", "more": 1}])
    async def test_skipping_needs_a_reason(self, world: World, body: dict[str, Any]) -> None:
        path = f"/api/v1/admin/bus/dead-letters/crm/{new_id()}/skip"
        assert (await world.post(path, headers=operator(world).headers, json=body)).status_code == 422


class TestDropdowns:
    async def test_lists_of_all_services_in_one(self, both: World) -> None:
        path = "GET /internal/dropdown-options"
        both.crm.internal[path] = {"country": [{"value": "ZA", "label": "South Africa"}], "stage": []}
        both.services["orders"].internal[path] = {
            "country": [{"value": "ZA", "label": "Suid-Afrika"}, {"value": "NA", "label": "Namibia"}]
        }
        company = new_id()
        response = await both.get("/api/v1/dropdown-options/", headers={"X-Company-Id": str(company)})
        assert both.crm.asked == [("system", company)]
        assert response.json() == {
            "country": [{"value": "ZA", "label": "South Africa"}, {"value": "NA", "label": "Namibia"}],
            "stage": [],
        }
        one = (await both.get("/api/v1/dropdown-options/country/")).json()
        assert [option["value"] for option in one["items"]] == ["ZA", "NA"]
        assert (await both.get("/api/v1/dropdown-options/nothing")).status_code == 404

    async def test_a_service_that_is_away_is_named(self, world: World) -> None:
        world.gateway.upstreams._apps.pop("orders")
        world.gateway.upstreams._urls["orders"] = "http://127.0.0.1:9"
        response = await world.get("/api/v1/dropdown-options")
        assert (response.status_code, response.headers["x-incomplete"]) == (200, "orders")
        assert (await world.get("/api/v1/dropdown-options/country")).status_code == 503
