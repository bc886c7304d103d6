"""A rotation of the signing key signs nobody out, seen through a gateway that remembers keys, tokens and actors."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from jose import jwt

from deploy.e2e.conftest import Suite
from deploy.e2e.test_access import AT_ONCE, Other, another_gateway
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from libs.common.clock import ManualClock
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.postgres_listener import PostgresListener
from libs.common.runtime.app import build_app
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.host import Host
from libs.common.runtime.install import install
from libs.common.runtime.upstreams import Upstreams
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import new_database, one_at_a_time, settings_for_tests
from services.identity.manifest import SERVICE
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD, seed
from services.identity.settings import IdentitySettings
from services.identity.signing_keys.jobs import rotate_signing_keys


@dataclass
class Edge:
    """Identity behind a gateway, both on a clock that the test moves."""

    context: ServiceContext
    clock: ManualClock
    client: httpx.AsyncClient

    async def sign_in(self) -> dict[str, Any]:
        """The tokens of a new session."""
        body = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        answer = await self.client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def status(self, access: str) -> int:
        """What a request with a token is answered."""
        answer = await self.client.get("/auth/me", headers={"Authorization": f"Bearer {access}"})
        return answer.status_code

    async def rotate(self) -> None:
        """As `pillars keys rotate-signing` has it done."""
        async with self.context.unit_of_work(platform=True) as uow:
            await rotate_signing_keys(uow, {"now": True})


@pytest.fixture
async def edge(fresh_database: Callable[..., Any]) -> AsyncIterator[Edge]:
    """A gateway before identity."""
    clock = ManualClock()
    common = fresh_database(SERVICE)
    settings = IdentitySettings(argon2_memory_kib=8, argon2_time=1)
    async with AsyncExitStack() as stack:
        context = ServiceContext(SERVICE, common, settings=settings, clock=clock)
        stack.push_async_callback(context.close)
        await seed(context)
        upstreams = Upstreams({}, context.signer, clock)
        stack.push_async_callback(upstreams.close)
        upstreams.register("identity", build_app(context))
        gateway = Gateway(GatewaySettings(), common, upstreams, clock)
        await gateway.startup()
        stack.push_async_callback(gateway.shutdown)
        transport = httpx.ASGITransport(gateway)
        client = httpx.AsyncClient(transport=transport, base_url=f"{common.public_url}/api/v1")
        yield Edge(context, clock, await stack.enter_async_context(client))


def kid(access: str) -> str:
    """The key that a token names."""
    return str(jwt.get_unverified_header(access)["kid"])


async def test_tokens_of_either_key_are_good_all_the_way(edge: Edge) -> None:
    tokens = await edge.sign_in()
    first = kid(tokens["access"])
    await edge.rotate()
    seen = {first}
    good = [tokens["access"]]
    # Past the moment the new key signs, and past the end of the last token of the old one.
    for _ in range(30):
        edge.clock.advance(seconds=60)
        answer = await edge.client.post("/auth/refresh", json={"refresh": tokens["refresh"]})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        seen.add(kid(tokens["access"]))
        good = [*good, tokens["access"]][-14:]
        assert {await edge.status(access) for access in good} == {200}
    assert len(seen) == 2
    assert kid(tokens["access"]) != first
    keys = (await edge.client.get(f"{edge.context.common.public_url}/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in keys] == [kid(tokens["access"]), first]
    edge.clock.advance(hours=2)
    keys = (await edge.client.get(f"{edge.context.common.public_url}/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in keys] == [kid(tokens["access"])]


async def test_forged_key_ids_do_not_keep_a_new_key_from_being_known(edge: Edge) -> None:
    tokens = await edge.sign_in()
    forged = jwt.encode({"sub": "x"}, "x" * 64, algorithm="HS512", headers={"kid": "evil", "alg": "RS256"})
    edge.clock.advance(seconds=31)
    # The gateway has just looked for an id that does not exist, and looks no second time within seconds.
    assert await edge.status(forged) == 401
    await edge.rotate()
    early = await edge.sign_in()
    assert await edge.status(early["access"]) == 200
    # By the time the new key signs, whatever made the gateway look has shown it.
    edge.clock.advance(seconds=331)
    assert await edge.status(forged) == 401
    new = await edge.sign_in()
    assert kid(new["access"]) != kid(tokens["access"])
    assert {await edge.status(each["access"]) for each in (new, early, tokens)} == {200}


async def test_the_key_rotates_in_time_and_by_command(edge: Edge) -> None:
    first = kid((await edge.sign_in())["access"])
    (job,) = [job for job in SERVICE.jobs if job.name == "rotate_signing_keys"]
    assert job.every == 3600

    async def run(**args: Any) -> str:
        async with edge.context.unit_of_work(platform=True) as uow:
            if args:
                uow.defer("rotate_signing_keys", **args)
            else:
                await job.run(uow, {})
        if args:
            await JobRunner(edge.context).run_due()
        edge.clock.advance(seconds=331)
        return kid((await edge.sign_in())["access"])

    assert await run() == first
    second = await run(now=True)
    assert second != first
    edge.clock.advance(seconds=edge.context.settings.signing_key_seconds - 340)
    assert await run() == second
    edge.clock.advance(seconds=timedelta(hours=1).total_seconds())
    assert await run() not in (first, second)


@pytest.fixture
async def apart(postgres_url: str) -> AsyncIterator[Suite]:
    """Identity and the bus on a database of their own, for what would sign out everybody else's tokens."""
    with new_database(postgres_url, SERVICE) as url:
        settings = settings_for_tests(url)
        with one_at_a_time():
            await install([SERVICE], settings)
        host = Host([SERVICE], settings)
        await host.start()
        await host.bus_joined()
        yield Suite(host, settings.public_url, settings)
        await host.close()


async def test_a_key_that_leaked_is_refused_by_every_gateway_at_once(apart: Suite) -> None:
    nowhere = PostgresListener("postgresql://nobody@127.0.0.1:1/nothing")
    async with (
        another_gateway(apart) as one,
        another_gateway(apart) as two,
        another_gateway(apart, nowhere) as deaf,
    ):
        body = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        tokens = (await one.client.post("/auth/login", json=body)).json()
        old = {"Authorization": f"Bearer {tokens['access']}"}
        for gateway in (one, two):
            await gateway.know("/auth/me", old)
        assert await deaf.status("/auth/me", old) == 200

        withdrawn = await one.client.post(f"/signing-keys/{kid(tokens['access'])}/withdraw", headers=old)
        assert withdrawn.status_code == 204, withdrawn.text

        async def is_refused() -> bool:
            return {await g.status("/auth/me", old) for g in (one, two)} == {401}

        await eventually(is_refused, seconds=AT_ONCE)
        await eventually(lambda: status_is(deaf, old, 401), seconds=AT_ONCE)
        # Nobody signs in again.
        answer = await two.client.post("/auth/refresh", json={"refresh": tokens["refresh"]})
        assert answer.status_code == 200, answer.text
        new = {"Authorization": f"Bearer {answer.json()['access']}"}
        assert kid(answer.json()["access"]) != kid(tokens["access"])
        async with another_gateway(apart) as begun_since:
            for gateway in (one, two, deaf, begun_since):
                assert await gateway.status("/auth/me", new) == 200
                assert await gateway.status("/auth/me", old) == 401


async def status_is(gateway: Other, headers: dict[str, str], status: int) -> bool:
    """Whether a request is answered so."""
    return await gateway.status("/auth/me", headers) == status
