"""Plans over HTTP, and what they let through."""

import asyncio
from typing import Any

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.features import API_KEYS as KEYS
from libs.contracts.features import FEATURES, ORDERS
from libs.contracts.identity import AccessChanged, PlanChanged
from services.identity.tests.outsiders import Platform, Registered


@pytest.fixture
def admin(context: ServiceContext) -> Client:
    """Somebody who manages the platform's plans."""
    return Client(context, user(OPERATOR_TENANT_ID, "identity.*", roles=("staff-admin",)))


async def make(admin: Client, **fields: Any) -> dict[str, Any]:
    """A plan nobody else has."""
    body = {
        "code": f"p{new_id().hex}",
        "name": "A plan",
        "rank": 1000,
        "price": {"amount": 100, "currency": "ZAR"},
        **fields,
    }
    response = await admin.post("/plans", json=body)
    assert response.status_code == 201, response.text
    return dict(response.json())


async def choose(boss: Client, plan: str, when: str = "now") -> dict[str, Any]:
    """Change the plan of the client's business."""
    response = await boss.post("/subscription/change", json={"plan": plan, "when": when})
    assert response.status_code == 200, response.text
    return dict(response.json())


async def again(platform: Platform, owner: Registered) -> Client:
    """The owner, as the gateway would see him now."""
    return await platform.signed_in(owner.email)


async def test_a_plan_is_made_read_changed_and_removed(context: ServiceContext, admin: Client) -> None:
    made = await make(
        admin, features=[KEYS, KEYS], limits={"catalog.products": 5}, quotas={"notifications.messages": 9}
    )
    path = f"/plans/{made['id']}"

    assert (made["features"], made["limits"], made["is_default"]) == ([KEYS], {"catalog.products": 5}, False)
    assert (await admin.get(path)).json() == made
    told = len(await emitted(context, OPERATOR_TENANT_ID, AccessChanged))
    changed = (
        await admin.patch(path, json={"name": "Other", "price": {"amount": 7, "currency": "ZAR"}})
    ).json()
    assert (changed["name"], changed["price"]["amount"], changed["features"]) == ("Other", 7, [KEYS])
    # Whoever has it may do something else now, so all gateways ask anew.
    news = (await emitted(context, OPERATOR_TENANT_ID, AccessChanged))[told:]
    assert [e.data.get("company_id") for e in news] == [None]
    stale = await admin.patch(path, json={"rank": 1}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    replaced = {
        "code": made["code"],
        "name": "Whole",
        "features": [],
        "price": {"amount": 0, "currency": "ZAR"},
    }
    assert (await admin.put(path, json=replaced)).json()["limits"] == {}
    assert (await admin.post("/plans", json={"code": made["code"], "name": "x"})).json()[
        "slug"
    ] == "already-exists"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404
    assert (await admin.post("/plans", json={"code": made["code"], "name": "x"})).status_code == 409


async def test_what_makes_no_sense_is_refused(admin: Client) -> None:
    body = {"code": f"p{new_id().hex}", "name": "x"}
    for wrong in (
        {"features": ["no.such_feature"]},
        {"limits": {"catalog.products": -1}},
        {"limits": {"catalog.products": None}},
        {"limits": {"Not A Code": 1}},
        {"limits": {"catalog.products": 1}, "quotas": {"catalog.products": 1}},
        {"code": "UPPER"},
        {"fallback": "no-such-plan"},
        {"fallback": body["code"]},
        {"trial_days": -1},
        {"price": {"amount": -1, "currency": "ZAR"}},
        {"surprise": 1},
    ):
        response = await admin.post("/plans", json={**body, **wrong})
        assert response.status_code == 422, (wrong, response.text)


async def test_only_staff_manage_plans_and_see_those_not_offered(
    context: ServiceContext, admin: Client, platform: Platform
) -> None:
    owner = await platform.business()
    boss = await again(platform, owner)
    hidden, offered = await make(admin, is_public=False), await make(admin)

    listed = {plan["code"] for plan in (await boss.get("/plans", params={"limit": 100})).json()["items"]}
    assert {"free", "starter", "standard", "enterprise"} <= listed
    assert hidden["code"] not in listed
    assert (await boss.get(f"/plans/{hidden['id']}")).status_code == 404
    assert (await boss.get(f"/plans/{offered['id']}")).status_code == 200
    for method, path in (("POST", "/plans"), ("PATCH", f"/plans/{offered['id']}")):
        response = await boss.request(
            method, path, json={"code": "mine", "name": "x"} if method == "POST" else {}
        )
        assert (response.status_code, response.json()["required_permission"]) == (403, "identity.plans.write")
    refused = await boss.post("/subscription/change", json={"plan": hidden["code"]})
    assert (refused.status_code, refused.json()["slug"]) == (422, "unknown-plan")
    for path in ("/plans", "/features", "/subscription", "/usage"):
        assert (await Client(context, guest()).get(path)).status_code == 401
    refused = await boss.post("/subscription/payments", json={"outcome": "received"})
    assert refused.json()["required_permission"] == "identity.subscriptions.bill"


async def test_a_plan_that_somebody_has_stays(admin: Client, platform: Platform) -> None:
    used, followed = await make(admin), await make(admin)
    await make(admin, fallback=followed["code"])
    owner = await platform.business()
    await choose(await again(platform, owner), used["code"])
    standard = [
        p for p in (await admin.get("/plans", params={"limit": 100})).json()["items"] if p["is_default"]
    ]

    for plan in (used, followed, *standard):
        response = await admin.delete(f"/plans/{plan['id']}")
        assert (response.status_code, response.json()["slug"]) == (409, "plan-in-use")


async def test_a_business_of_an_earlier_release_has_the_default_plan(platform: Platform) -> None:
    owner = await platform.business()
    boss = await again(platform, owner)

    shown = (await boss.get("/subscription")).json()
    assert (shown["plan"], shown["status"], set(shown["features"])) == ("standard", "active", FEATURES)
    assert boss.actor is not None
    assert (boss.actor.plan, boss.actor.features, boss.actor.limits) == ("standard", FEATURES, {})


async def test_a_feature_that_the_plan_lacks_is_refused_by_name(
    context: ServiceContext, admin: Client, platform: Platform
) -> None:
    owner = await platform.business()
    boss = await again(platform, owner)
    secret = (await boss.post("/api-keys", json={"name": "Till", "scopes": ["crm.deals.read"]})).json()[
        "secret"
    ]
    context.upstreams.register("identity", platform.anyone.app)
    plan = await make(admin, features=[ORDERS])

    await choose(boss, plan["code"])
    boss = await again(platform, owner)

    assert boss.actor is not None
    assert boss.actor.features == {ORDERS}
    refused = await boss.post("/api-keys", json={"name": "Till", "scopes": ["crm.deals.read"]})
    problem = refused.json()
    assert (refused.status_code, problem["slug"], problem["feature"]) == (403, "feature-not-in-plan", KEYS)
    assert problem["plan"] == plan["code"]
    assert {"starter", "standard", "enterprise"} <= set(problem["plans"])
    assert not {"free", plan["code"]} & set(problem["plans"])
    # What there is can be seen and revoked, and opens nothing meanwhile.
    assert len((await boss.get("/api-keys")).json()["items"]) == 1
    asked = await platform.authenticate(None, credential={"kind": "token", "token": secret})
    assert (asked.status_code, asked.json()["slug"]) == (403, "feature-not-in-plan")
    await choose(boss, "standard")
    assert (
        await platform.authenticate(None, credential={"kind": "token", "token": secret})
    ).status_code == 200


async def test_features_say_which_plans_have_them(admin: Client, platform: Platform) -> None:
    owner = await platform.business()
    boss = await again(platform, owner)
    await choose(boss, "free")
    boss = await again(platform, owner)

    found = {f["code"]: f for f in (await boss.get("/features")).json()["items"]}
    assert set(found) == FEATURES
    assert [found[code]["is_included"] for code in (ORDERS, KEYS)] == [True, False]
    assert "free" in found[ORDERS]["plans"]
    assert "free" not in found[KEYS]["plans"]
    assert "POST /api/v1/api-keys" in found[KEYS]["operations"]
    assert "POST /api/v1/ai/conversations" in found["assistant.chat"]["operations"]


async def test_the_last_place_of_a_limit_is_given_once(
    context: ServiceContext, admin: Client, platform: Platform
) -> None:
    owner = await platform.business()
    context.upstreams.register("identity", platform.anyone.app)
    plan = await make(admin, features=[KEYS], limits={"identity.api_keys": 3})
    more = await make(admin, features=[KEYS], limits={"identity.api_keys": 4})
    await choose(await again(platform, owner), plan["code"])
    boss = await again(platform, owner)

    async def one(n: int) -> Any:
        return await boss.post("/api-keys", json={"name": f"Till {n}", "scopes": ["crm.deals.read"]})

    answers = await asyncio.gather(*(one(n) for n in range(8)))
    refused = [a.json() for a in answers if a.status_code != 201]
    assert len(refused) == 5
    problem = refused[0]
    assert (problem["status"], problem["slug"], problem["code"]) == (
        429,
        "plan-limit-reached",
        "identity.api_keys",
    )
    assert (problem["limit"], problem["used"], problem["plan"]) == (3, 3, plan["code"])
    assert {more["code"], "starter", "standard"} <= set(problem["plans"])
    assert not {"free", plan["code"]} & set(problem["plans"])
    used = {u["code"]: u for u in (await boss.get("/usage")).json()["items"]}["identity.api_keys"]
    assert (used["used"], used["limit"], used["remaining"], used["kind"]) == (3, 3, 0, "limit")
    # Nothing is removed where there is too much; no more is added.
    less = await make(admin, features=[KEYS], limits={"identity.api_keys": 1})
    await choose(boss, less["code"])
    boss = await again(platform, owner)
    assert len((await boss.get("/api-keys")).json()["items"]) == 3
    assert (await one(9)).status_code == 429


async def test_members_and_hosts_are_limited_and_customers_are_not(admin: Client, platform: Platform) -> None:
    owner = await platform.business()
    plan = await make(admin, features=[], limits={"identity.members": 2, "identity.domains": 1})
    await choose(await again(platform, owner), plan["code"])
    boss = await again(platform, owner)

    async def hire() -> int:
        body = {
            "email": platform.email(),
            "password": "correct horse battery",
            "first_name": "A",
            "last_name": "B",
        }
        return (await boss.post("/users", json={**body, "roles": ["editor"]})).status_code

    shopper = {
        "email": platform.email(),
        "password": "correct horse battery",
        "first_name": "A",
        "last_name": "B",
    }
    joined = await platform.post("/auth/signup", {**shopper, "company_id": str(owner.company_id)})
    assert joined.status_code == 201
    assert [await hire(), await hire()] == [201, 429]
    path = f"/tenants/{owner.company_id}"
    hosts = [await boss.post(f"{path}/domains", json={"host": f"a{new_id().hex}.example"}) for _ in range(2)]
    assert [answer.status_code for answer in hosts] == [201, 429]
    assert hosts[1].json()["code"] == "identity.domains"
    # Another customer takes no place, in whichever way he comes.
    other = await platform.register()
    for way, email in (("members", other.email), ("invitations", platform.email())):
        answer = await boss.post(f"{path}/{way}", json={"email": email, "roles": ["client"]})
        assert answer.status_code == 201, answer.text
    # Who came as one takes a place when he begins to work.
    hired = await boss.patch(f"{path}/members/{other.user_id}", json={"roles": ["client", "editor"]})
    assert (hired.status_code, hired.json()["code"]) == (429, "identity.members")
    hired = await boss.patch(f"/users/{other.user_id}", json={"roles": ["editor"]})
    assert hired.status_code == 429


async def test_the_last_place_for_who_works_here_is_given_once(admin: Client, platform: Platform) -> None:
    owner = await platform.business()
    plan = await make(admin, limits={"identity.members": 2})
    await choose(await again(platform, owner), plan["code"])
    boss = await again(platform, owner)
    path = f"/tenants/{owner.company_id}/members"
    people = [await platform.register() for _ in range(4)]
    for one in people[:2]:
        added = await boss.post(path, json={"email": one.email, "roles": ["client"]})
        assert added.status_code == 201

    answers = await asyncio.gather(
        *(boss.patch(f"{path}/{one.user_id}", json={"roles": ["editor"]}) for one in people[:2]),
        *(boss.post(path, json={"email": one.email, "roles": ["editor"]}) for one in people[2:]),
    )

    assert sorted(a.status_code for a in answers if a.status_code != 429) in ([200], [201])
    page = (await boss.get(path, params={"role": ["editor", "owner"]})).json()
    assert len(page["items"]) == 2
    # Staff who reach into the business are not held to its plan.
    free = next(one for one, a in zip(people[2:], answers[2:], strict=True) if a.status_code == 429)
    staff = admin.acting(user(OPERATOR_TENANT_ID, limits={"identity.members": 0}, plan="another"))
    helped = await staff.post(path, json={"email": free.email, "roles": ["editor"]})
    assert helped.status_code == 201, helped.text


async def test_a_plan_is_either_chosen_or_removed(admin: Client, platform: Platform) -> None:
    for owner in (await platform.business(), await platform.business(), await platform.business()):
        boss, plan = await again(platform, owner), await make(admin)

        chosen, removed = await asyncio.gather(
            boss.post("/subscription/change", json={"plan": plan["code"], "when": "now"}),
            admin.delete(f"/plans/{plan['id']}"),
        )

        assert (chosen.status_code, removed.status_code) in ((200, 409), (422, 204))


async def test_gateways_hear_of_another_plan(context: ServiceContext, platform: Platform) -> None:
    owner = await platform.business()
    boss = await again(platform, owner)

    await choose(boss, "free")

    told = await emitted(context, owner.company_id, PlanChanged)
    assert [(e.data["plan"], e.data["previous_plan"], e.data["reason"]) for e in told] == [
        ("standard", None, "started"),
        ("free", "standard", "changed"),
    ]


async def test_each_step_of_a_plan_is_audited(context: ServiceContext, admin: Client) -> None:
    made = await make(admin)
    path = f"/plans/{made['id']}"
    assert (await admin.patch(path, json={"name": "Another"})).status_code == 200
    assert (await admin.delete(path)).status_code == 204

    audited = await emitted(context, OPERATOR_TENANT_ID, CHANGE_RECORDED["identity"])
    told = [e.data for e in audited if e.data["resource_id"] == made["id"]]
    assert [(e["resource"], e["action"]) for e in told] == [
        ("plan", "created"), ("plan", "updated"), ("plan", "deleted"),
    ]  # fmt: skip
    assert (told[0]["before"], told[0]["after"]["code"]) == (None, made["code"])
    assert (told[1]["before"]["name"], told[1]["after"]["name"]) == ("A plan", "Another")
