"""API keys of a business over HTTP, and what they open."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common.actor import ActorKind
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.features import FEATURES
from libs.contracts.identity import AccessChanged
from services.identity.tests.outsiders import signed_in_now

SCOPES = ["catalog.products.read", "orders.orders.*"]


@pytest.fixture
async def boss(context: ServiceContext, tenant_id: Any) -> Client:
    """Somebody who may do anything in a business that has the feature."""
    return Client(context, await signed_in_now(context, user(tenant_id, features=FEATURES)))


async def make(client: Client, **fields: Any) -> dict[str, Any]:
    """A key of the client's business."""
    response = await client.post("/api-keys", json={"name": "Till", "scopes": SCOPES, **fields})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def ask(platform: Any, token: str, **where: Any) -> Any:
    """Ask as the gateway does whose a token is."""
    return await platform.authenticate(None, credential={"kind": "token", "token": token}, **where)


async def test_a_key_is_made_read_changed_and_revoked(boss: Client) -> None:
    made = await make(boss)
    secret = made.pop("secret")
    path = f"/api-keys/{made['id']}"

    assert secret.startswith("plk_")
    assert made["prefix"] == secret[:12]
    assert (made["scopes"], made["expires_at"], made["last_used_at"]) == (SCOPES, None, None)
    assert made["created_by_id"] == str(boss.actor and boss.actor.user_id)
    read = await boss.get(path)
    assert read.json() == made
    assert "secret" not in read.text
    changed = (await boss.patch(path, json={"name": "Other till"})).json()
    assert (changed["name"], changed["scopes"]) == ("Other till", SCOPES)
    replaced = (await boss.put(path, json={"name": "X", "scopes": ["crm.*", "crm.*"]})).json()
    assert replaced["scopes"] == ["crm.*"]
    assert (await boss.delete(path)).status_code == 204
    for gone in (await boss.get(path), await boss.delete(path), await boss.post(f"{path}/rotate")):
        assert gone.status_code == 404
    assert (await boss.get("/api-keys")).json()["items"] == []


async def test_keys_are_found_by_prefix_and_by_name(boss: Client) -> None:
    one, two = await make(boss, name="Front till"), await make(boss, name="Back office")

    async def found(**query: str) -> list[str]:
        return [key["id"] for key in (await boss.get("/api-keys", params=query)).json()["items"]]

    assert await found() == [two["id"], one["id"]]
    assert await found(prefix=one["prefix"]) == [one["id"]]
    assert await found(q="front") == [one["id"]]
    assert await found(q=two["prefix"]) == [two["id"]]
    assert await found(order="name") == [two["id"], one["id"]]
    assert await found(q="nothing") == []


async def test_a_key_acts_for_its_business_within_its_scopes(boss: Client, platform: Any) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    other = await platform.business()
    secret = (await make(me))["secret"]

    answer = (await ask(platform, secret)).json()
    actor = answer["actor"]

    assert (actor["kind"], actor["tenant_id"]) == (ActorKind.API_KEY, str(owner.company_id))
    assert (actor["tenant_status"], actor["tenant_via"]) == ("active", "key")
    assert sorted(actor["permissions"]) == SCOPES
    assert "user_id" not in actor
    assert answer["seconds"] == 30
    assert (await ask(platform, secret, company_id=str(owner.company_id))).status_code == 200
    elsewhere = await ask(platform, secret, company_id=str(other.company_id))
    assert (elsewhere.status_code, elsewhere.json()["slug"]) == (403, "tenant-forbidden")
    for wrong in (secret[:-1], secret + "x", secret.upper(), "plk_", "x"):
        assert (await ask(platform, wrong)).status_code == 401


async def test_nobody_puts_into_a_key_what_he_lacks(
    context: ServiceContext, boss: Client, tenant_id: Any
) -> None:
    rights = ("identity.api_keys.*", "catalog.products.*")
    manager = user(tenant_id, *rights, features=FEATURES, roles=("manager",))
    clerk = boss.acting(await signed_in_now(context, manager))
    for scopes in (["*"], ["catalog.*"], ["catalog.products.read", "orders.orders.read"], ["identity.*"]):
        refused = await clerk.post("/api-keys", json={"name": "x", "scopes": scopes})
        assert (refused.status_code, refused.json()["slug"]) == (403, "permission-denied")
    own = await make(clerk, scopes=["catalog.products.read"])
    more = await clerk.patch(f"/api-keys/{own['id']}", json={"scopes": ["crm.deals.read"]})
    assert more.status_code == 403
    wide = await make(boss, scopes=["crm.*", "catalog.products.read"])
    # Less is always possible; a new secret only for who holds what it opens.
    assert (await clerk.post(f"/api-keys/{wide['id']}/rotate")).status_code == 403
    narrowed = await clerk.patch(f"/api-keys/{wide['id']}", json={"scopes": ["catalog.products.read"]})
    assert narrowed.json()["scopes"] == ["catalog.products.read"]
    assert (await clerk.post(f"/api-keys/{wide['id']}/rotate")).status_code == 200


async def test_a_rotated_key_works_with_both_secrets_for_a_while(later: Any, future: Any) -> None:
    owner = await future.business()
    me = await future.signed_in(owner.email)
    made = await make(me)
    path = f"/api-keys/{made['id']}/rotate"

    second = (await me.post(path, json={"overlap_seconds": 60})).json()

    assert second["secret"] != made["secret"]
    assert second["prefix"] == second["secret"][:12]
    later.clock.advance(seconds=50)
    assert (await ask(future, made["secret"])).json()["seconds"] == 10
    assert (await ask(future, second["secret"])).json()["seconds"] == 30
    later.clock.advance(seconds=10)
    assert (await ask(future, made["secret"])).status_code == 401
    assert (await ask(future, second["secret"])).status_code == 200
    third = (await me.post(path)).json()
    assert [(await ask(future, key["secret"])).status_code for key in (made, second, third)] == [
        401,
        200,
        200,
    ]
    # With no overlap, as when one was lost, the old ones end at once.
    fourth = (await me.post(path, json={"overlap_seconds": 0})).json()
    assert [(await ask(future, k["secret"])).status_code for k in (second, third, fourth)] == [401, 401, 200]


async def test_a_key_expires(later: Any, future: Any) -> None:
    owner = await future.business()
    me = await future.signed_in(owner.email)
    ends = later.clock.now() + timedelta(seconds=100)
    secret = (await make(me, expires_at=ends.isoformat()))["secret"]

    later.clock.advance(seconds=95)
    assert (await ask(future, secret)).json()["seconds"] == 5
    later.clock.advance(seconds=5)
    assert (await ask(future, secret)).status_code == 401

    past = await me.post(
        "/api-keys", json={"name": "x", "scopes": SCOPES, "expires_at": later.clock.now().isoformat()}
    )
    assert (past.status_code, past.json()["errors"][0]["loc"]) == (422, ["body", "expires_at"])


async def test_the_last_use_is_noted_once_a_minute_at_most(later: Any, future: Any) -> None:
    owner = await future.business()
    me = await future.signed_in(owner.email)
    made = await make(me)
    seen = []
    for _ in range(10):
        assert (await ask(future, made["secret"])).status_code == 200
        read = (await me.get(f"/api-keys/{made['id']}")).json()
        seen.append(read["last_used_at"])
        later.clock.advance(seconds=10)

    assert len(set(seen)) == 2
    assert seen[0] is not None
    assert read["version"] == made["version"]


async def test_revoking_and_changing_is_told_to_the_gateways(
    context: ServiceContext, boss: Client, platform: Any
) -> None:
    made = await make(boss)
    path = f"/api-keys/{made['id']}"
    assert boss.actor is not None
    assert boss.actor.tenant_id is not None

    for step in (
        boss.patch(path, json={"scopes": ["catalog.products.read"]}),
        boss.post(f"{path}/rotate"),
        boss.delete(path),
    ):
        before = len(await emitted(context, boss.actor.tenant_id, AccessChanged))
        assert (await step).is_success
        told = await emitted(context, boss.actor.tenant_id, AccessChanged)
        assert len(told) == before + 1
        assert told[-1].data["key_id"] == made["id"]
    assert (await ask(platform, made["secret"])).status_code == 401


async def test_no_secret_is_kept_or_told(context: ServiceContext, boss: Client) -> None:
    from sqlalchemy import text

    made = await make(boss)
    rotated = (await boss.post(f"/api-keys/{made['id']}/rotate")).json()

    async with context.unit_of_work(platform=True) as uow:
        for table in ("api_keys", "outbox"):
            rows = (
                (await uow.session.execute(text(f"SELECT t::text FROM identity.{table} t"))).scalars().all()
            )
            for secret in (made["secret"], rotated["secret"]):
                assert not any(secret in row for row in rows), table


async def test_who_may_see_and_make_keys(context: ServiceContext, boss: Client, tenant_id: Any) -> None:
    made = await make(boss)
    path = f"/api-keys/{made['id']}"
    reader = boss.acting(user(tenant_id, "identity.api_keys.read", features=FEATURES))
    stranger = boss.acting(user(new_id(), features=FEATURES))

    assert (await boss.acting(guest()).get("/api-keys")).status_code == 401
    assert (await boss.acting(user(tenant_id, "crm.*")).get(path)).status_code == 403
    assert (await reader.get(path)).status_code == 200
    for refused in (await reader.delete(path), await reader.post(f"{path}/rotate")):
        assert (refused.status_code, refused.json()["required_permission"]) == (
            403,
            "identity.api_keys.write",
        )
    for method in ("GET", "DELETE"):
        assert (await stranger.request(method, path)).status_code == 404
    # Without the feature in the plan nothing is made, but what there is can be seen and revoked.
    poor = boss.acting(user(tenant_id, features=frozenset()))
    refused = await poor.post("/api-keys", json={"name": "x", "scopes": SCOPES})
    assert (refused.status_code, refused.json()["slug"], refused.json()["feature"]) == (
        403,
        "feature-not-in-plan",
        "integrations.api_keys",
    )
    assert (await poor.get(path)).status_code == 200
    assert (await poor.delete(path)).status_code == 204


async def test_malformed_bodies_are_refused(boss: Client) -> None:
    made = await make(boss)
    for body in (
        {},
        {"name": "", "scopes": SCOPES},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["Nothing Like It"]},
        {"name": "x", "scopes": SCOPES, "expires_at": "2031-01-01T00:00:00"},
        {"name": "x", "scopes": SCOPES, "secret": "mine"},
    ):
        assert (await boss.post("/api-keys", json=body)).status_code == 422
    for overlap in (-1, 2_592_001, "a day"):
        path = f"/api-keys/{made['id']}/rotate"
        assert (await boss.post(path, json={"overlap_seconds": overlap})).status_code == 422
    stale = await boss.patch(f"/api-keys/{made['id']}", json={"name": "y"}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
