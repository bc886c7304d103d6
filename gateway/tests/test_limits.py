"""Sizes, times and rates."""

import asyncio
from typing import Any

import pytest

from gateway.limits.bucket import Buckets, Limit
from gateway.limits.memory import MemoryBuckets
from gateway.limits.policy import network_of
from gateway.limits.postgres import PostgresBuckets
from gateway.tests.conftest import World, make_world
from libs.common.clock import ManualClock


async def parts(total: int, size: int = 1000) -> Any:
    for _ in range(total // size):
        yield b"x" * size


class TestBodies:
    @pytest.mark.parametrize("over_http", [False, True])
    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_large_body_is_413(self, over_http: bool, chunked: bool) -> None:
        async with make_world(over_http=over_http, common={"max_body_bytes": 2048}) as world:
            content = parts(50_000) if chunked else b"x" * 50_000
            response = await world.post("/api/v1/deals", content=content)
            assert response.status_code == 413
            assert response.json()["limit_bytes"] == 2048
            assert not world.crm.calls["GET"]
            assert (await world.post("/api/v1/deals", content=b"x" * 2048)).status_code == 200
            assert (await world.post("/api/v1/deals", content=parts(2000))).json()["size"] == 2000

    async def test_uploads_have_their_own_limit(self) -> None:
        async with make_world(common={"max_body_bytes": 2048}, max_upload_bytes=10_000) as world:
            for path in ("/api/v1/files", "/api/v1/imports", "/api/v1/orders/1/files"):
                assert (await world.post(path, content=b"x" * 9_000)).status_code == 200
                assert (await world.post(path, content=b"x" * 11_000)).json()["limit_bytes"] == 10_000

    @pytest.mark.parametrize("over_http", [False, True])
    async def test_a_slow_body_is_408(self, over_http: bool) -> None:
        async def slow() -> Any:
            yield b"x"
            await asyncio.Event().wait()
            yield b"x"

        async with make_world(over_http=over_http, body_idle_seconds=0.1) as world:
            async with asyncio.timeout(10):
                reader, writer = None, None
                if over_http:
                    host, port = str(world.client.base_url.host), world.client.base_url.port
                    reader, writer = await asyncio.open_connection(host, port)
                    writer.write(b"POST /api/v1/deals HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nxxx")
                    answer = await reader.read(15)
                    writer.close()
                    assert answer.startswith(b"HTTP/1.1 408")
                else:
                    response = await world.post("/api/v1/deals", content=slow())
                    assert response.status_code == 408
                    assert response.json()["slug"] == "request-timeout"

    async def test_a_body_that_trickles_is_408(self) -> None:
        async def trickle() -> Any:
            while True:
                yield b"x"
                await asyncio.sleep(0)

        async with make_world(body_seconds=0.15, body_idle_seconds=60) as world:
            assert (await world.post("/api/v1/deals", content=trickle())).status_code == 408

    async def test_large_headers_are_431_and_long_targets_414(self, world: World) -> None:
        response = await world.get("/api/v1/deals", headers={"X-Big": "x" * 40_000})
        assert (response.status_code, response.json()["slug"]) == (431, "headers-too-large")
        response = await world.get("/api/v1/deals?q=" + "x" * 9_000)
        assert (response.status_code, response.json()["slug"]) == (414, "target-too-long")

    @pytest.mark.parametrize("value", [b"-1", b"+5", b"0x10", b"5, 5", b""])
    async def test_a_strange_length_is_400(self, world: World, value: bytes) -> None:
        status, _ = await world.raw(b"/api/v1/deals", "POST", [(b"content-length", value)])
        assert status == 400


class TestRates:
    async def test_an_actor_is_limited_and_told_when_to_come_back(self) -> None:
        clock = ManualClock()
        async with make_world(
            clock=clock, actor_per_minute=60, actor_burst=3, actor_cache_seconds=60
        ) as world:
            headers = world.identity.person().headers
            seen = [await world.get("/api/v1/deals", headers=headers) for _ in range(4)]
            assert [r.status_code for r in seen] == [200, 200, 200, 429]
            assert [r.headers["ratelimit-remaining"] for r in seen] == ["2", "1", "0", "0"]
            assert seen[3].json()["slug"] == "rate-limited"
            assert seen[3].headers["retry-after"] == "1"
            assert (
                await world.get("/api/v1/deals", headers=world.identity.person().headers)
            ).status_code == 200
            clock.advance(seconds=1)
            assert (await world.get("/api/v1/deals", headers=headers)).status_code == 200

    async def test_guests_are_limited_by_address(self) -> None:
        async with make_world(guest_per_minute=60, guest_burst=2, trusted_proxies=["127.0.0.0/8"]) as world:
            for expected in (200, 200, 429):
                response = await world.get("/api/v1/products", headers={"X-Forwarded-For": "203.0.113.5"})
                assert response.status_code == expected
            response = await world.get("/api/v1/products", headers={"X-Forwarded-For": "203.0.113.6"})
            assert response.status_code == 200

    async def test_signing_in_is_limited_more_strictly(self) -> None:
        async with make_world(sign_in_per_minute=60, sign_in_burst=2) as world:
            statuses = [(await world.post("/api/v1/auth/login")).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
            assert (await world.get("/api/v1/products")).status_code == 200

    async def test_paths_of_nobody_count_as_well(self) -> None:
        async with make_world(guest_per_minute=60, guest_burst=2) as world:
            assert [(await world.get("/api/v1/x")).status_code for _ in range(3)] == [404, 404, 429]

    async def test_health_is_never_limited(self) -> None:
        async with make_world(guest_per_minute=60, guest_burst=1) as world:
            for path in ("/healthz", "/readyz", "/metrics"):
                for _ in range(3):
                    assert (await world.get(path)).status_code == 200

    async def test_zero_is_no_limit(self) -> None:
        async with make_world(guest_per_minute=0, guest_burst=1) as world:
            response = [await world.get("/api/v1/products") for _ in range(3)][-1]
            assert response.status_code == 200
            assert "ratelimit-limit" not in response.headers

    def test_an_ipv6_customer_is_one(self) -> None:
        assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::9") == "2001:db8:1:2::/64"
        assert network_of("::ffff:203.0.113.5") == "203.0.113.5"
        assert network_of("203.0.113.5") == "203.0.113.5"

    async def test_gateways_share_their_counters(self, database_url: str) -> None:
        options = {"rate_limit_url": database_url, "actor_per_minute": 1, "actor_burst": 2}
        async with make_world(**options) as one, make_world(**options) as two:
            person = one.identity.person()
            two.identity.actors.update(one.identity.actors)
            statuses = [
                (await w.get("/api/v1/deals", headers=person.headers)).status_code for w in (one, two, one)
            ]
            assert statuses == [200, 200, 429]


LIMIT = Limit("test", per_minute=60, burst=3)


class BucketsSuite:
    """What every store of buckets promises."""

    async def test_a_burst_passes_then_waits(self, buckets: Buckets, key: str) -> None:
        taken = [await buckets.take(key, LIMIT, 1000.0) for _ in range(4)]
        assert [d.is_allowed for d in taken] == [True, True, True, False]
        assert [d.tokens for d in taken] == [2, 1, 0, 0]

    async def test_tokens_flow_in_with_time(self, buckets: Buckets, key: str) -> None:
        for _ in range(3):
            await buckets.take(key, LIMIT, 1000.0)
        assert not (await buckets.take(key, LIMIT, 1000.5)).is_allowed
        assert (await buckets.take(key, LIMIT, 1001.0)).is_allowed
        assert not (await buckets.take(key, LIMIT, 1001.1)).is_allowed

    async def test_no_more_than_the_burst_is_saved_up(self, buckets: Buckets, key: str) -> None:
        await buckets.take(key, LIMIT, 1000.0)
        assert (await buckets.take(key, LIMIT, 9000.0)).tokens == 2

    async def test_a_clock_that_runs_backwards_gives_nothing(self, buckets: Buckets, key: str) -> None:
        for _ in range(3):
            await buckets.take(key, LIMIT, 1000.0)
        assert not (await buckets.take(key, LIMIT, 900.0)).is_allowed
        assert not (await buckets.take(key, LIMIT, 900.1)).is_allowed

    async def test_after_a_clock_was_set_back_tokens_flow_in_as_ever(
        self, buckets: Buckets, key: str
    ) -> None:
        for _ in range(3):
            await buckets.take(key, LIMIT, 90_000.0)
        assert not (await buckets.take(key, LIMIT, 1000.0)).is_allowed
        assert (await buckets.take(key, LIMIT, 1001.0)).is_allowed
        assert not (await buckets.take(key, LIMIT, 1001.1)).is_allowed

    async def test_looking_takes_nothing(self, buckets: Buckets, key: str) -> None:
        for _ in range(5):
            assert (await buckets.take(key, LIMIT, 1000.0, cost=0)).is_allowed
        for _ in range(3):
            await buckets.take(key, LIMIT, 1000.0)
        assert not (await buckets.take(key, LIMIT, 1000.0, cost=0)).is_allowed

    async def test_keys_do_not_share(self, buckets: Buckets, key: str) -> None:
        for _ in range(4):
            await buckets.take(key, LIMIT, 1000.0)
        assert (await buckets.take(key + "-other", LIMIT, 1000.0)).is_allowed

    async def test_a_rush_gets_no_more_than_the_burst(self, buckets: Buckets, key: str) -> None:
        taken = await asyncio.gather(*(buckets.take(key, LIMIT, 1000.0) for _ in range(20)))
        assert sum(d.is_allowed for d in taken) == 3

    @pytest.fixture
    def key(self, request: pytest.FixtureRequest) -> str:
        return f"{type(self).__name__}:{request.node.name}"


class TestMemoryBuckets(BucketsSuite):
    @pytest.fixture
    async def buckets(self) -> Any:
        return MemoryBuckets()

    async def test_the_number_of_buckets_is_bounded(self) -> None:
        buckets = MemoryBuckets(size=10)
        for n in range(100):
            await buckets.take(str(n), LIMIT, 1000.0)
        assert len(buckets._buckets) == 10


class TestPostgresBuckets(BucketsSuite):
    @pytest.fixture
    async def buckets(self, database_url: str) -> Any:
        buckets = PostgresBuckets(database_url, timeout=10)
        await buckets.start()
        yield buckets
        # Or it would have counted in memory, and shown nothing of the database.
        assert buckets._pool.closed or not buckets._alone_until
        await buckets.stop()

    async def test_a_lost_database_does_not_stop_the_gateway(
        self, buckets: PostgresBuckets, key: str
    ) -> None:
        await buckets._pool.close()
        taken = [await buckets.take(key, LIMIT, 1000.0) for _ in range(4)]
        assert [d.is_allowed for d in taken] == [True, True, True, False]

    async def test_a_database_that_is_away_does_not_stop_the_start(self) -> None:
        buckets = PostgresBuckets("postgresql://nobody@127.0.0.1:9/nothing", timeout=0.1)
        await buckets.start()
        assert (await buckets.take("away", LIMIT, 1000.0)).is_allowed
        await buckets.stop()

    async def test_two_may_start_at_once(self, database_url: str) -> None:
        several = [PostgresBuckets(database_url, timeout=10) for _ in range(4)]
        await asyncio.gather(*(b.start() for b in several))
        taken = await asyncio.gather(*(b.take("start", LIMIT, 1000.0) for b in several))
        assert sorted(d.is_allowed for d in taken) == [False, True, True, True]
        await asyncio.gather(*(b.stop() for b in several))

    async def test_old_buckets_are_swept(self, buckets: PostgresBuckets, key: str) -> None:
        await buckets.take(key, LIMIT, 1000.0)
        await buckets.take(key + "-new", LIMIT, 9000.0)
        async with buckets._pool.connection() as connection:
            rows = await (
                await connection.execute(
                    "SELECT key FROM gateway.rate_buckets WHERE key LIKE %s", (key + "%",)
                )
            ).fetchall()
        assert rows == [(key + "-new",)]
