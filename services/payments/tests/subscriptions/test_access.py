"""Who may do what with subscriptions: the plan of the business, the customer, the other business."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.payments.tests.subscriptions.sold import CUSTOMER, PLAN, zar

TERMS = {"name": "Beans", "amount": zar(30_000), "interval": "month"}
CLIENT = ("payments.subscriptions.read", "payments.subscriptions.cancel", "payments.invoices.read")


async def sold(client: Client, **customer: Any) -> dict[str, Any]:
    """A subscription."""
    response = await client.post("/subscriptions", json={"customer": {**CUSTOMER, **customer}, "plan": TERMS})
    assert response.status_code == 201, response.text
    return response.json()


async def test_without_the_feature_there_is_nothing_but_to_look_and_to_cancel(
    client: Client, tenant_id: UUID
) -> None:
    plan = (await client.post("/subscriptions/plans", json=PLAN)).json()
    made = await sold(client)
    path, plans = f"/subscriptions/{made['id']}", f"/subscriptions/plans/{plan['id']}"
    lacking = client.acting(replace(user(tenant_id), features=frozenset({"sales.order_management"})))

    for method, where, body in (
        ("POST", "/subscriptions", {"customer": CUSTOMER, "plan": TERMS}),
        ("PATCH", path, {"notes": "x"}),
        ("PUT", path, {"customer": CUSTOMER}),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", {}),
        ("POST", f"{path}/resume", None),
        ("POST", f"{path}/change", {"quantity": 2}),
        ("POST", f"{path}/change/preview", {"quantity": 2}),
        ("POST", "/subscriptions/plans", PLAN),
        ("PATCH", plans, {"name": "x"}),
        ("PUT", plans, PLAN),
        ("DELETE", plans, None),
    ):
        response = await lacking.request(method, where, json=body)
        assert response.status_code == 403, (method, where, response.text)
        assert response.json()["slug"] == "feature-not-in-plan"
        assert response.json()["feature"] == "billing.manage_subscriptions"
    for where in ("/subscriptions", path, f"{path}/invoices", "/subscriptions/plans", plans):
        assert (await lacking.get(where)).status_code == 200
    assert (await lacking.post(f"{path}/cancel")).json()["status"] == "cancelled"


@pytest.mark.parametrize("at_period_end", [True, False])
async def test_a_customer_sees_and_cancels_his_own_alone(
    client: Client, tenant_id: UUID, at_period_end: bool
) -> None:
    me = new_id()
    customer = client.acting(user(tenant_id, *CLIENT, user_id=me, roles=("client",)))
    own, others, nobodys = (
        await sold(client, user_id=str(me)),
        await sold(client, user_id=str(new_id())),
        await sold(client),
    )

    seen = (await customer.get("/subscriptions")).json()["items"]

    assert [one["id"] for one in seen] == [own["id"]]
    for other in (others, nobodys):
        path = f"/subscriptions/{other['id']}"
        assert (await customer.get(path)).status_code == 404
        assert (await customer.get(f"{path}/invoices")).status_code == 404
        assert (await customer.post(f"{path}/cancel")).status_code == 404
        assert (await client.get(path)).json()["status"] == "active"
        listed = await customer.get("/invoices", params={"subscription_id": other["id"]})
        assert listed.json()["items"] == []
    (invoice,) = (await customer.get(f"/subscriptions/{own['id']}/invoices")).json()["items"]
    assert invoice["customer_user_id"] == str(me)
    response = await customer.post(
        f"/subscriptions/{own['id']}/cancel", json={"at_period_end": at_period_end}
    )
    assert response.json()["status"] == ("active" if at_period_end else "cancelled")
    assert response.json()["cancel_at_period_end"] is at_period_end


async def test_a_customer_sells_and_changes_nothing(client: Client, tenant_id: UUID) -> None:
    me = new_id()
    customer = client.acting(user(tenant_id, *CLIENT, user_id=me, roles=("client",)))
    path = f"/subscriptions/{(await sold(client, user_id=str(me)))['id']}"

    for method, where, body in (
        ("POST", "/subscriptions", {"customer": CUSTOMER, "plan": TERMS}),
        ("PATCH", path, {"notes": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", {}),
        ("POST", f"{path}/resume", None),
        ("POST", f"{path}/change", {"quantity": 2}),
        ("POST", "/subscriptions/plans", PLAN),
    ):
        response = await customer.request(method, where, json=body)
        assert response.status_code == 403, (method, where)
        assert response.json()["required_permission"] == "payments.subscriptions.write"


async def test_a_customer_sees_the_plans_that_are_sold(client: Client, tenant_id: UUID) -> None:
    customer = client.acting(user(tenant_id, *CLIENT, roles=("client",)))
    offered = (await client.post("/subscriptions/plans", json=PLAN)).json()
    kept_back = (await client.post("/subscriptions/plans", json={**PLAN, "is_active": False})).json()

    assert [one["id"] for one in (await customer.get("/subscriptions/plans")).json()["items"]] == [
        offered["id"]
    ]
    assert (await customer.get(f"/subscriptions/plans/{kept_back['id']}")).status_code == 404
    body = {"customer": CUSTOMER, "plan_id": kept_back["id"]}
    assert (await client.post("/subscriptions", json=body)).json()["slug"] == "plan-not-for-sale"


async def test_another_business_reaches_nothing(client: Client, other_tenant_id: UUID) -> None:
    plan = (await client.post("/subscriptions/plans", json=PLAN)).json()
    path = f"/subscriptions/{(await sold(client))['id']}"
    stranger = client.acting(user(other_tenant_id))

    for verb in ("cancel", "pause", "resume"):
        assert (await stranger.post(f"{path}/{verb}")).status_code == 404, verb
    for verb in ("change", "change/preview"):
        assert (await stranger.post(f"{path}/{verb}", json={"quantity": 2})).status_code == 404, verb
    assert (await stranger.get(f"{path}/invoices")).status_code == 404
    for body in (
        {"customer": CUSTOMER, "plan_id": plan["id"]},
        {"customer": CUSTOMER, "plan_id": plan["id"], "plan": TERMS},
    ):
        response = await stranger.post("/subscriptions", json=body)
        assert (response.status_code, response.json()["slug"]) == (422, "plan-not-for-sale")


async def test_a_repeat_with_the_same_key_sells_once(client: Client) -> None:
    key = {"Idempotency-Key": str(new_id())}
    body = {"customer": CUSTOMER, "plan": TERMS}

    first = await client.post("/subscriptions", json=body, headers=key)
    again = await client.post("/subscriptions", json=body, headers=key)
    other = await client.post("/subscriptions", json={**body, "quantity": 2}, headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["slug"] == "idempotency-key-reused"
    assert len((await client.get("/invoices")).json()["items"]) == 1


async def test_lists_are_filtered(client: Client) -> None:
    plan = (await client.post("/subscriptions/plans", json=PLAN)).json()
    me = str(new_id())
    body = {"customer": {**CUSTOMER, "user_id": me, "email": "me@example.com"}, "plan_id": plan["id"]}
    one = (await client.post("/subscriptions", json=body)).json()
    other = await sold(client)
    await client.post(f"/subscriptions/{other['id']}/cancel")

    for params in (
        {"status": "active"},
        {"plan_id": plan["id"]},
        {"customer_user_id": me},
        {"email": "me@example.com"},
        {"next_billing_at_from": one["next_billing_at"], "next_billing_at_to": one["next_billing_at"]},
        {"q": "me@exa"},
    ):
        found = (await client.get("/subscriptions", params=params)).json()["items"]
        assert [row["id"] for row in found] == [one["id"]], params
    both = await client.get("/subscriptions", params={"status": ["active", "cancelled"]})
    assert {row["id"] for row in both.json()["items"]} == {one["id"], other["id"]}
    assert (await client.get("/subscriptions", params={"status": "running"})).status_code == 422
