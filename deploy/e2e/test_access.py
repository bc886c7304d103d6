"""What somebody may do ends everywhere at once: at every gateway, through the bus, and at one that was away."""

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

        async def is_refused() -> bool:
            return {await g.status("/deals", headers) for g in (one, two)} == {refusal}

        assert await eventually(is_refused, seconds=AT_ONCE)


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


async def test_a_suspended_business_stops_everywhere_at_once(suite: Suite, shop: Shop) -> None:
    guest = {"X-Company-Id": shop.company}
    account = {
        "email": f"{new_id().hex}@example.com",
        "password": PASSWORD,
        "first_name": "C",
        "last_name": "D",
    }
    async with suite.client(**shop.owner) as owner, suite.client(**guest) as anyone:
        body = {"name": "Till", "scopes": ["catalog.*", "crm.*", "orders.*"]}
        key = {"X-API-Key": (await owner.post("/api-keys", json=body)).json()["secret"]}
        joined = await anyone.post("/auth/signup", json={**account, "company_id": shop.company})
        assert joined.status_code == 201, joined.text
        signed_in = await sign_in(suite, email=account["email"], password=PASSWORD)
        buyer = {**signed_in, "X-Company-Id": shop.company}
        cart = (await anyone.post("/carts", json={"currency": "ZAR"})).json()
        line = {"variant_id": shop.variant, "quantity": 1}
        in_cart = {**guest, "X-Cart-Token": cart["token"]}
        order = {"items": [line], "email": account["email"], "currency": "ZAR"}

    # What trading is, by whom, and with which answer it is refused.
    def trading() -> list[tuple[str, str, dict[str, str], Any, str]]:
        once = {"Idempotency-Key": new_id().hex}
        return [
            ("POST", "/carts", guest, {"currency": "ZAR"}, "tenant-forbidden"),
            ("POST", f"/carts/{cart['id']}/items", in_cart, line, "tenant-forbidden"),
            ("POST", f"/carts/{cart['id']}/checkout", {**in_cart, **once}, {}, "tenant-forbidden"),
            ("POST", "/carts", buyer, {"currency": "ZAR"}, "tenant-not-active"),
            (
                "POST",
                "/payments/checkouts",
                {**buyer, **once},
                {"order_id": str(new_id())},
                "tenant-not-active",
            ),
            ("POST", "/orders", {**shop.owner, **once}, order, "tenant-not-active"),
            ("POST", "/categories", shop.owner, {"name": new_id().hex}, "tenant-not-active"),
            ("POST", "/categories", key, {"name": new_id().hex}, "tenant-not-active"),
            ("POST", "/leads", key, {"name": "A lead"}, "tenant-not-active"),
        ]

    async with (
        another_gateway(suite) as one,
        another_gateway(suite) as two,
        suite.client(**shop.staff) as staff,
    ):
        for gateway in (one, two):
            for who in (shop.owner, key, buyer):
                await gateway.know("/products", who)
            await gateway.know("/products", guest)

        async def refused(gateway: Other) -> bool:
            answers = [
                (await gateway.client.request(method, path, headers=who, json=body), slug)
                for method, path, who, body, slug in trading()
            ]
            return all((a.status_code, a.json().get("slug")) == (403, slug) for a, slug in answers)

        assert (
            await staff.post(f"/tenants/{shop.company}/suspend", json={"reason": "unpaid"})
        ).status_code == 200

        async def stopped() -> bool:
            statuses = {
                (await g.client.post("/categories", headers=who, json={"name": new_id().hex})).status_code
                for g in (one, two)
                for who in (shop.owner, key)
            }
            return statuses == {403}

        await eventually(stopped, seconds=AT_ONCE)
        for gateway in (one, two):
            assert await refused(gateway)
            # Its people still read.
            for path in ("/products", "/orders", "/deals", f"/tenants/{shop.company}", "/subscription"):
                assert await gateway.status(path, shop.owner) == 200, path
            assert await gateway.status("/products", key) == 200

        assert (await staff.post(f"/tenants/{shop.company}/reactivate")).status_code == 200

        async def trades() -> bool:
            made = [
                (await g.client.post("/categories", headers=who, json={"name": new_id().hex})).status_code
                for g in (one, two)
                for who in (shop.owner, key)
            ]
            return set(made) == {201}

        await eventually(trades, seconds=AT_ONCE)
        filled = await one.client.post(f"/carts/{cart['id']}/items", headers=in_cart, json=line)
        assert filled.status_code == 201, filled.text


async def test_another_plan_counts_at_every_gateway_at_once(suite: Suite, shop: Shop) -> None:
    async with (
        suite.client(**shop.owner) as owner,
        another_gateway(suite) as one,
        another_gateway(suite) as two,
    ):
        key = {"name": "Till", "scopes": ["crm.deals.read"]}
        secret = {"X-API-Key": (await owner.post("/api-keys", json=key)).json()["secret"]}
        for gateway in (one, two):
            await gateway.know("/deals", shop.owner)
            await gateway.know("/deals", secret)

        changed = await owner.post("/subscription/change", json={"plan": "free", "when": "now"})
        assert changed.status_code == 200, changed.text

        async def is_refused() -> bool:
            made = [await g.client.post("/api-keys", headers=shop.owner, json=key) for g in (one, two)]
            return {answer.status_code for answer in made} == {403}

        await eventually(is_refused, seconds=AT_ONCE)
        refused = (await one.client.post("/api-keys", headers=shop.owner, json=key)).json()
        assert (refused["slug"], refused["feature"]) == ("feature-not-in-plan", "integrations.api_keys")
        assert {"starter", "standard", "enterprise"} <= set(refused["plans"])
        assert await two.status("/deals", secret) == 403
        # The plan has one warehouse, and there is one.
        full = await one.client.post("/inventory/stores", headers=shop.owner, json={"name": "Second"})
        problem = full.json()
        assert (full.status_code, problem["slug"], problem["code"]) == (
            429,
            "plan-limit-reached",
            "catalog.stores",
        )
        assert (problem["limit"], problem["used"]) == (1, 1)
        assert "starter" in problem["plans"]
        used = {u["code"]: u for u in (await owner.get("/usage")).json()["items"]}
        assert (used["catalog.stores"]["used"], used["catalog.products"]["used"]) == (1, 1)

        assert (await owner.post("/subscription/change", json={"plan": "standard"})).status_code == 200

        async def is_let_through() -> bool:
            return (await two.client.post("/api-keys", headers=shop.owner, json=key)).status_code == 201

        await eventually(is_let_through, seconds=AT_ONCE)
