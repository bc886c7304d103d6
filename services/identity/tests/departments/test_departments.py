"""Departments over HTTP."""

import asyncio
from typing import Any

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client


async def test_a_department_is_added_changed_and_removed(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/departments"

    made = await boss.post(path, json={"name": "Operations", "description": "Runs it"})
    assert made.status_code == 201
    own = f"{path}/{made.json()['id']}"
    assert (await boss.patch(own, json={"name": "Sales"})).json()["description"] == "Runs it"
    assert (await boss.patch(own, json={"description": None})).json()["description"] is None
    assert (await boss.put(own, json={"name": "Product"})).json()["name"] == "Product"
    taken = await boss.post(path, json={"name": "Product"})
    assert (taken.status_code, taken.json()["slug"]) == (409, "already-exists")
    assert [d["name"] for d in (await boss.get(path)).json()["items"]] == ["Product"]
    assert (await boss.delete(own)).status_code == 204
    assert (await boss.get(own)).status_code == 404


async def test_one_with_members_stays(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/departments"
    made = (await boss.post(path, json={"name": "Operations"})).json()
    member = f"/tenants/{owner.company_id}/members/{owner.user_id}"

    placed = await boss.patch(member, json={"department_id": made["id"]})
    assert placed.json()["department_id"] == made["id"]
    listed = await boss.get(f"/tenants/{owner.company_id}/members", params={"department_id": made["id"]})
    assert [m["user_id"] for m in listed.json()["items"]] == [str(owner.user_id)]
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 409
    assert (await boss.patch(member, json={"department_id": None})).json()["department_id"] is None
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 204


async def test_nobody_is_put_into_one_that_is_removed_meanwhile(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}"
    for n in range(4):
        made = (await boss.post(f"{path}/departments", json={"name": f"Team {n}"})).json()

        placed, removed = await asyncio.gather(
            boss.patch(f"{path}/members/{owner.user_id}", json={"department_id": made["id"]}),
            boss.delete(f"{path}/departments/{made['id']}"),
        )

        assert (placed.status_code, removed.status_code) in ((200, 409), (404, 204))


async def test_a_new_person_is_put_into_a_department_of_the_business_only(platform: Any) -> None:
    owner, other, third = [await platform.business() for _ in range(3)]
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    department = {"name": "Operations"}
    own = (await boss.post(f"/tenants/{owner.company_id}/departments", json=department)).json()["id"]
    foreign = (await rival.post(f"/tenants/{other.company_id}/departments", json=department)).json()["id"]
    account = {"password": "Evening-sun-82", "first_name": "Sipho", "last_name": "Khumalo"}

    for path, person in (
        ("/users", {**account, "email": platform.email()}),
        (f"/tenants/{owner.company_id}/members", {"email": third.email}),
    ):
        body = {**person, "roles": ["editor"]}
        for unknown in (foreign, str(new_id())):
            refused = await boss.post(path, json={**body, "department_id": unknown})
            assert (refused.status_code, refused.json()["resource"]) == (404, "department")
        made = await boss.post(path, json={**body, "department_id": own})
        assert (made.status_code, made.json()["department_id"]) == (201, own)


async def test_others_have_no_access(context: ServiceContext, platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    path = f"/tenants/{owner.company_id}/departments"
    made = (await boss.post(path, json={"name": "Operations"})).json()
    reader = Client(context, user(owner.company_id, "identity.departments.read"))

    assert (await rival.get(f"{path}/{made['id']}")).status_code == 404
    assert (await rival.get(f"/tenants/{other.company_id}/departments/{made['id']}")).status_code == 404
    assert (await reader.get(path)).status_code == 200
    assert (await reader.post(path, json={"name": "x"})).status_code == 403
    assert (await platform.anyone.get(path)).status_code == 401
    for body in ({}, {"name": ""}, {"name": "x", "surprise": 1}):
        assert (await boss.post(path, json=body)).status_code == 422
