"""What somebody may do ends everywhere at once: at every gateway, through the bus, and at one that was away."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from deploy.e2e.conftest import Shop, Suite
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from libs.common.ids import new_id
from libs.common.messaging.listening import Listener, make_listener
from libs.common.messaging.postgres_listener import PostgresListener
from libs.common.testing.eventually import eventually

# Less than what a gateway remembers while it hears of changes, so that it was the bus that told it.
AT_ONCE = 5
PASSWORD = "correct horse battery"


@asynccontextmanager
async def another_gateway(suite: Suite, listener: Listener | None = None) -> AsyncIterator["Other"]:
    """A gateway beside the suite's own, as another process would be."""
    gateway = Gateway(
        GatewaySettings(actor_cache_certain_seconds=60),
        suite.settings,
        suite.host.upstreams,
        None,
        listener or make_listener(suite.settings),
    )
    await gateway.startup()
    try:
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url=f"{suite.url}/api/v1") as client:
            yield Other(gateway, client)
    finally:
        await gateway.shutdown()


class Other:
    """The other gateway, and a client of it."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.client = client

    async def status(self, path: str, headers: dict[str, str]) -> int:
        """The status of a GET."""
        return (await self.client.get(path, headers=headers)).status_code

    async def know(self, path: str, headers: dict[str, str]) -> None:
        """Let the gateway be certain of somebody's rights and remember them."""

        async def is_certain() -> bool:
            assert await self.status(path, headers) == 200
            return self.gateway.authenticator.changes.is_certain

        await eventually(is_certain)
        assert await self.status(path, headers) == 200


async def sign_in(suite: Suite, **body: str) -> dict[str, str]:
    """The headers of a new session."""
    async with suite.client() as client:
        answer = await client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access']}"}


async def colleague(suite: Suite, shop: Shop, *roles: str) -> tuple[str, dict[str, str]]:
    """Somebody who works in the shop: id and headers."""
    body = {"email": f"{new_id().hex}@example.com", "password": PASSWORD, "first_name": "C", "last_name": "D"}
    async with suite.client(**shop.owner) as owner:
        made = await owner.post("/users", json={**body, "roles": list(roles)})
        assert made.status_code == 201, made.text
    headers = await sign_in(suite, email=body["email"], password=PASSWORD)
    return made.json().get("user_id") or made.json()["id"], headers


async def end_session(suite: Suite, shop: Shop, user_id: str, headers: dict[str, str]) -> int:
    async with suite.client(**headers) as client:
        assert (await client.post("/auth/sessions/revoke-all")).status_code == 200
    return 401


async def switch_off(suite: Suite, shop: Shop, user_id: str, headers: dict[str, str]) -> int:
    async with suite.client(**shop.owner) as owner:
        changed = await owner.patch(f"/users/{user_id}", json={"is_active": False})
        assert changed.status_code == 200, changed.text
    return 401


async def take_role(suite: Suite, shop: Shop, user_id: str, headers: dict[str, str]) -> int:
    async with suite.client(**shop.owner) as owner:
        changed = await owner.patch(f"/users/{user_id}", json={"roles": ["provider"]})
        assert changed.status_code == 200, changed.text
    return 403


async def change_role(suite: Suite, shop: Shop, user_id: str, headers: dict[str, str]) -> int:
    async with suite.client(**shop.owner) as owner:
        roles = (await owner.get("/roles", params={"code": "seller"})).json()["items"]
        changed = await owner.patch(
            f"/roles/{roles[0]['id']}", json={"permissions": ["catalog.products.read"]}
        )
        assert changed.status_code == 200, changed.text
    return 403


@pytest.mark.parametrize("end", [end_session, switch_off, take_role, change_role])
async def test_every_gateway_hears_of_it(
    suite: Suite, shop: Shop, end: Callable[[Suite, Shop, str, dict[str, str]], Awaitable[int]]
) -> None:
    async with suite.client(**shop.owner) as owner:
        role = {"code": "seller", "name": "Seller", "permissions": ["crm.deals.read"]}
        assert (await owner.post("/roles", json=role)).status_code == 201
    user_id, headers = await colleague(suite, shop, "seller")
    async with another_gateway(suite) as one, another_gateway(suite) as two:
        for gateway in (one, two):
            await gateway.know("/deals", headers)

        refusal = await end(suite, shop, user_id, headers)
        began = time.monotonic()

        async def is_refused() -> bool:
            return {await g.status("/deals", headers) for g in (one, two)} == {refusal}

        await eventually(is_refused, seconds=AT_ONCE)
        assert time.monotonic() - began < AT_ONCE


async def test_a_revoked_key_ends_at_every_gateway(suite: Suite, shop: Shop) -> None:
    async with suite.client(**shop.owner) as owner:
        body = {"name": "Till", "scopes": ["crm.deals.*", "crm.pipelines.read"]}
        key = (await owner.post("/api-keys", json=body)).json()
        headers = {"X-API-Key": key["secret"]}
        async with another_gateway(suite) as one, another_gateway(suite) as two:
            for gateway in (one, two):
                await gateway.know("/deals", headers)
                assert await gateway.status("/products", headers) == 403
            # What the key makes is the business's, by nobody in particular.
            made = await one.client.post("/deals", json={"name": "By the till"}, headers=headers)
            assert made.status_code in (201, 422), made.text

            assert (await owner.delete(f"/api-keys/{key['id']}")).status_code == 204

            async def is_refused() -> bool:
                return {await g.status("/deals", headers) for g in (one, two)} == {401}

            await eventually(is_refused, seconds=AT_ONCE)


async def test_a_gateway_that_was_away_knows_nothing_and_asks(suite: Suite, shop: Shop) -> None:
    user_id, headers = await colleague(suite, shop, "manager")
    async with another_gateway(suite) as before:
        await before.know("/deals", headers)

    await end_session(suite, shop, user_id, headers)

    async with another_gateway(suite) as after:
        assert await after.status("/deals", headers) == 401


async def test_without_the_bus_it_takes_a_second(suite: Suite, shop: Shop) -> None:
    user_id, headers = await colleague(suite, shop, "manager")
    nowhere = PostgresListener("postgresql://nobody@127.0.0.1:1/nothing")
    async with another_gateway(suite, nowhere) as deaf:
        assert await deaf.status("/deals", headers) == 200
        assert not deaf.gateway.authenticator.changes.is_certain

        await end_session(suite, shop, user_id, headers)

        async def is_refused() -> Any:
            return await deaf.status("/deals", headers) == 401

        await eventually(is_refused, seconds=AT_ONCE)
