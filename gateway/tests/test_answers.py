"""What every answer looks like: problems, compression, CORS, security headers."""

import logging

import pytest

from gateway.tests.conftest import World, make_world


class TestProblems:
    async def test_an_error_is_a_problem_document(self, both: World) -> None:
        response = await both.get("/api/v1/nothing", headers={"X-Request-Id": "request-0001"})
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "urn:pillars:problem:gateway:not-found",
            "slug": "not-found",
            "title": "Not found",
            "status": 404,
            "detail": "There is nothing at this path.",
            "instance": "/api/v1/nothing",
            "request_id": "request-0001",
        }

    async def test_a_host_that_is_not_served_is_400(self) -> None:
        async with make_world(allowed_hosts=["api.example.com", "*.shops.example.com"]) as world:
            for host, status in {
                "api.example.com": 404,
                "API.example.com:8000": 404,
                "a.shops.example.com": 404,
                "shops.example.com": 400,
                "evil.com": 400,
                "api.example.com.evil.com": 400,
                "": 400,
            }.items():
                response = await world.get("/api/v1/nothing", headers={"Host": host})
                assert response.status_code == status, host

    async def test_a_name_longer_than_any_host_has_is_400(self, world: World) -> None:
        found = [await world.get("/api/v1/nothing", headers={"Host": "a" * length}) for length in (255, 256)]
        assert [response.status_code for response in found] == [404, 400]

    async def test_a_websocket_is_refused(self, world: World) -> None:
        sent = []

        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, str]) -> None:
            sent.append(message)

        await world.gateway({"type": "websocket", "path": "/api/v1/chat", "headers": []}, receive, send)
        assert [m["type"] for m in sent] == ["websocket.close"]


class TestNoContent:
    async def test_an_answer_without_a_body_names_no_type_of_one(self, both: World) -> None:
        response = await both.client.delete("/api/v1/deals/removed")

        assert (response.status_code, response.content) == (204, b"")
        assert "content-type" not in response.headers


class TestCompression:
    async def test_a_long_answer_is_compressed(self, both: World) -> None:
        response = await both.get("/api/v1/deals/long", headers={"Accept-Encoding": "gzip"})
        assert response.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in response.headers["vary"]
        assert response.json()["text"].startswith("lorem")
        assert int(response.headers.get("content-length", 0)) in (0, len(response.content))

    @pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br"])
    async def test_only_where_it_is_accepted(self, both: World, accepted: str) -> None:
        response = await both.get("/api/v1/deals/long", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in response.headers
        assert response.json()["text"].startswith("lorem")

    async def test_a_short_one_is_not(self, both: World) -> None:
        response = await both.get("/api/v1/deals/short", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in response.headers

    async def test_nor_what_is_encoded_already(self, both: World) -> None:
        status, body = await both.raw(b"/api/v1/deals/zipped", headers=[(b"accept-encoding", b"gzip")])
        assert (status, body) == (200, b"x" * 5000)

    async def test_nor_an_event_stream(self, wire: World) -> None:
        sent = {"Accept-Encoding": "gzip"}
        async with wire.client.stream("GET", "/api/v1/notifications/stream", headers=sent) as response:
            assert "content-encoding" not in response.headers
            assert (await anext(response.aiter_raw())).startswith(b"id: 1")


class TestCors:
    ORIGIN = "https://app.example.com"

    async def test_an_allowed_origin_may_read(self) -> None:
        async with make_world(cors_origins=[self.ORIGIN]) as world:
            response = await world.get("/api/v1/deals", headers={"Origin": self.ORIGIN})
            assert response.headers["access-control-allow-origin"] == self.ORIGIN
            assert "x-request-id" in response.headers["access-control-expose-headers"]
            assert "origin" in response.headers["vary"]
            assert "access-control-allow-credentials" not in response.headers

    async def test_errors_may_be_read_too(self) -> None:
        async with make_world(cors_origins=[self.ORIGIN]) as world:
            response = await world.get("/api/v1/nothing", headers={"Origin": self.ORIGIN})
            assert response.headers["access-control-allow-origin"] == self.ORIGIN

    @pytest.mark.parametrize("origin", ["https://evil.com", "https://app.example.com.evil.com", "null"])
    async def test_another_may_not(self, origin: str) -> None:
        async with make_world(cors_origins=[self.ORIGIN]) as world:
            response = await world.get("/api/v1/deals", headers={"Origin": origin})
            assert "access-control-allow-origin" not in response.headers

    async def test_a_preflight_is_answered_without_asking_anyone(self) -> None:
        async with make_world(cors_origins=[self.ORIGIN]) as world:
            asked = {
                "Origin": self.ORIGIN,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization,x-company-id",
            }
            response = await world.client.options("/api/v1/deals/1", headers=asked)
            assert response.status_code == 204
            assert "PATCH" in response.headers["access-control-allow-methods"]
            assert response.headers["access-control-allow-headers"] == "authorization,x-company-id"
            assert not world.identity.calls

    async def test_in_development_any_local_frontend_may(self) -> None:
        async with make_world(common={"environment": "development"}) as world:
            for origin, allowed in {
                "http://localhost:5173": True,
                "http://[::1]:5173": True,
                "http://localhost.evil.com": False,
                "http://[localhost": False,
            }.items():
                response = await world.get("/api/v1/deals", headers={"Origin": origin})
                assert response.status_code == 200
                assert ("access-control-allow-origin" in response.headers) is allowed


class TestSecurityHeaders:
    async def test_data_may_do_nothing_in_a_browser(self, both: World) -> None:
        headers = (await both.get("/api/v1/deals")).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers

    async def test_a_services_page_may_load_from_this_host(self, world: World) -> None:
        headers = (await world.get("/api/v1/deals/page")).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")

    async def test_production_demands_tls(self) -> None:
        async with make_world(common={"environment": "production"}) as world:
            assert "max-age=31536000" in (await world.get("/healthz")).headers["strict-transport-security"]


class TestAccessLog:
    async def test_each_request_is_one_structured_line(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        person = world.identity.person()
        with caplog.at_level(logging.INFO, "pillars.access"):
            await world.get(
                "/api/v1/deals?token=abc", headers={**person.headers, "X-Request-Id": "request-0002"}
            )
            await world.get("/api/v1/unsubscribe/secret-token")
        first, second = (vars(r) for r in caplog.records if r.name == "pillars.access")
        assert (first["method"], first["path"], first["status"]) == ("GET", "/api/v1/deals", 200)
        assert (first["request_id"], first["user_id"]) == ("request-0002", person.actor.user_id)
        assert second["path"] == "/api/v1/unsubscribe/…"
