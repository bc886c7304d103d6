"""Members of a business over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.eventually import eventually
from libs.common.testing.locks import is_waited_for
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.identity import MemberAdded, MemberChanged, MemberRemoved
from services.identity.members.errors import LastOwner
from services.identity.members.models import Member, MemberRole
from services.identity.members.schemas import MemberUpdate
from services.identity.members.service import MemberService


async def hire(boss: Client, platform: Any, *roles: str) -> dict[str, Any]:
    """A new account with these roles."""
    response = await boss.post(
        "/users",
        json={
            "email": platform.email(),
            "password": "correct horse battery",
            "first_name": "Lerato",
            "last_name": "Molefe",
            "roles": list(roles),
        },
    )
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_person_with_an_account_is_added_changed_and_removed(
    context: ServiceContext, platform: Any
) -> None:
    owner, other = await platform.business(), await platform.register()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/members"

    added = await boss.post(path, json={"email": other.email.upper(), "roles": ["manager"]})
    assert added.status_code == 201, added.text
    assert (added.json()["user_id"], added.json()["roles"]) == (str(other.user_id), ["manager"])
    assert added.headers["etag"] == f'"{added.json()["version"]}"'
    changed = await boss.patch(f"{path}/{other.user_id}", json={"roles": ["support", "editor"]})
    assert changed.json()["roles"] == ["editor", "support"]
    assert (await boss.get(f"{path}/{other.user_id}")).json()["roles"] == ["editor", "support"]
    there = await platform.signed_in(other.email, company_id=str(owner.company_id))
    assert there.actor.roles == ("editor", "support")
    assert (await boss.delete(f"{path}/{other.user_id}")).status_code == 204
    assert (await boss.get(f"{path}/{other.user_id}")).status_code == 404

    access = (await platform.login(other.email))["access"]
    assert (await platform.authenticate(access, company_id=str(owner.company_id))).status_code == 403
    told = [(e.type, e.data.get("roles")) for e in await emitted(context, owner.company_id)]
    assert told[-3:] == [
        (MemberAdded.wire_name, ["manager"]),
        (MemberChanged.wire_name, ["editor", "support"]),
        (MemberRemoved.wire_name, None),
    ]
    records = await emitted(context, owner.company_id, CHANGE_RECORDED["identity"])
    (record,) = [e.data for e in records if e.data["action"] == "roles_changed"]
    assert (record["before"], record["after"]) == ({"roles": ["manager"]}, {"roles": ["editor", "support"]})


async def test_nobody_gives_a_role_he_lacks(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    admin = await hire(boss, platform, "admin")
    deputy = await platform.signed_in(admin["email"])
    clerk = await hire(boss, platform, "editor")
    path = f"/tenants/{owner.company_id}/members/{clerk['id']}"

    # An administrator holds all but the making of owners.
    assert (await deputy.patch(path, json={"roles": ["manager"]})).status_code == 200
    refused = await deputy.patch(path, json={"roles": ["owner"]})
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "identity.owners.write")
    # The same by every other way in.
    other = await platform.register()
    members = f"/tenants/{owner.company_id}/members"
    assert (await deputy.post(members, json={"email": other.email, "roles": ["owner"]})).status_code == 403
    assert (await deputy.patch(f"/users/{clerk['id']}", json={"roles": ["owner"]})).status_code == 403
    body = {
        "email": platform.email(),
        "password": "correct horse battery",
        "first_name": "A",
        "last_name": "B",
    }
    assert (await deputy.post("/users", json={**body, "roles": ["owner"]})).status_code == 403
    # Nor does he take it from somebody, or remove or switch off who has it.
    boss_path = f"/tenants/{owner.company_id}/members/{owner.user_id}"
    assert (await deputy.patch(boss_path, json={"roles": ["client"]})).status_code == 403
    assert (await deputy.delete(boss_path)).status_code == 403
    assert (await deputy.patch(f"/users/{owner.user_id}", json={"is_active": False})).status_code == 403
    assert (await boss.get(path)).json()["roles"] == ["manager"]


async def test_staff_roles_have_no_place_in_a_business(platform: Any, context: ServiceContext) -> None:
    owner = await platform.business()
    everything = Client(context, user(owner.company_id))
    clerk = await hire(everything, platform, "editor")

    for role in ("staff", "superadmin", "guest", "nonsense"):
        response = await everything.patch(
            f"/tenants/{owner.company_id}/members/{clerk['id']}", json={"roles": [role]}
        )
        assert (response.status_code, response.json()["slug"]) == (422, "unknown-role")
        assert response.json()["roles"] == [role]


async def test_the_form_for_staff_can_set_their_roles(platform: Any, context: ServiceContext) -> None:
    chief = Client(context, user(OPERATOR_TENANT_ID))
    made = await hire(chief, platform, "staff-admin")

    colleague = await platform.signed_in(made["email"])

    assert colleague.actor.roles == ("staff-admin",)
    assert (await colleague.get("/registrations")).status_code == 200
    refused = await colleague.patch(f"/users/{made['id']}", json={"roles": ["superadmin"]})
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "*")


async def test_the_last_owner_stays(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/members"

    for response in (
        await boss.delete(f"{path}/{owner.user_id}"),
        await boss.patch(f"{path}/{owner.user_id}", json={"roles": ["manager"]}),
    ):
        assert (response.status_code, response.json()["slug"]) == (409, "last-owner")
    heir = await hire(boss, platform, "owner")
    assert (await boss.patch(f"{path}/{owner.user_id}", json={"roles": ["manager"]})).status_code == 200
    successor = await platform.signed_in(heir["email"])
    assert (await successor.delete(f"{path}/{heir['id']}")).status_code == 409


async def test_the_last_superadministrator_stays(platform: Any, context: ServiceContext) -> None:
    chief = Client(context, user(OPERATOR_TENANT_ID))
    last = UUID((await hire(chief, platform, "superadmin"))["id"])

    async def remove_all() -> None:
        async with context.unit_of_work(chief.actor) as uow:
            members = MemberService(uow)
            granted = select(MemberRole.member_id).where(MemberRole.role == "superadmin")
            held = select(Member).where(Member.id.in_(granted), Member.user_id != last)
            for member in (await uow.session.execute(held)).scalars().all():
                await members.remove(member.user_id)
            await uow.session.flush()
            await members.update(last, MemberUpdate(roles=["staff"]))

    # Refused, so that all of it is taken back: the others are still needed.
    with pytest.raises(LastOwner):
        await remove_all()


async def test_of_two_owners_who_leave_at_once_one_stays(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    heir = await hire(boss, platform, "owner")
    path = f"/tenants/{owner.company_id}/members"

    async with context.unit_of_work(boss.actor) as uow:
        await MemberService(uow).remove(owner.user_id)
        await uow.session.flush()
        # The first has left, but has not committed: the second must wait for that.
        second = asyncio.create_task(boss.delete(f"{path}/{heir['id']}"))
        await eventually(lambda: is_waited_for(uow))
        assert not second.done()

    assert (await second).json()["slug"] == "last-owner"
    owners = await boss.get(path, params={"role": "owner"})
    assert [m["user_id"] for m in owners.json()["items"]] == [heir["id"]]


async def test_members_are_filtered_searched_and_paged(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    editors = [await hire(boss, platform, "editor") for _ in range(3)]
    path = f"/tenants/{owner.company_id}/members"
    await boss.patch(f"/users/{editors[0]['id']}", json={"is_active": False})

    async def listed(**params: Any) -> list[str]:
        return [m["user_id"] for m in (await boss.get(path, params=params)).json()["items"]]

    newest_first = [e["id"] for e in reversed(editors)]
    assert await listed() == [*newest_first, str(owner.user_id)]
    assert await listed(role="editor") == newest_first
    assert await listed(role=["editor", "owner"]) == [*newest_first, str(owner.user_id)]
    assert await listed(is_active=False) == [editors[0]["id"]]
    assert await listed(q="lerato MOL") == newest_first
    assert await listed(q=editors[1]["email"]) == [editors[1]["id"]]
    assert await listed(q="%") == []
    first = (await boss.get(path, params={"limit": 3})).json()
    rest = (await boss.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [m["user_id"] for m in first["items"] + rest["items"]] == [*newest_first, str(owner.user_id)]


async def test_a_list_costs_the_same_however_long_it_is(context: ServiceContext, platform: Any) -> None:
    from sqlalchemy import event

    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    seen: list[str] = []
    event.listen(context.engine.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for _ in range(2):
        await hire(boss, platform, "editor")
        await hire(boss, platform, "support")
        seen.clear()
        await boss.get("/users")
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


async def test_members_of_another_business_are_out_of_reach(context: ServiceContext, platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    rival = await platform.signed_in(other.email)

    for method, path, body in (
        ("GET", f"/tenants/{owner.company_id}/members", None),
        ("GET", f"/tenants/{owner.company_id}/members/{owner.user_id}", None),
        ("POST", f"/tenants/{owner.company_id}/members", {"email": other.email, "roles": ["owner"]}),
        ("PATCH", f"/tenants/{owner.company_id}/members/{owner.user_id}", {"roles": ["client"]}),
        ("DELETE", f"/tenants/{owner.company_id}/members/{owner.user_id}", None),
        ("GET", f"/tenants/{other.company_id}/members/{owner.user_id}", None),
        ("GET", f"/users/{owner.user_id}", None),
        ("PATCH", f"/users/{owner.user_id}", {"first_name": "x"}),
        ("DELETE", f"/users/{owner.user_id}", None),
    ):
        response = await rival.request(method, path, json=body)
        assert response.status_code == 404, (method, path)


async def test_permissions_are_asked_for(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    path = f"/tenants/{owner.company_id}/members"
    reader = Client(context, user(owner.company_id, "identity.members.read"))

    assert (await reader.get(path)).status_code == 200
    refused = await reader.post(path, json={"email": owner.email, "roles": ["client"]})
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "identity.members.write")
    assert (await Client(context, user(owner.company_id, "crm.*")).get(path)).status_code == 403
    assert (await Client(context, guest(owner.company_id)).get(path)).status_code == 401


async def test_bad_input_is_refused(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/members"

    assert (await boss.post(path, json={"email": platform.email(), "roles": ["editor"]})).status_code == 404
    again = await boss.post(path, json={"email": owner.email, "roles": ["editor"]})
    assert (again.status_code, again.json()["slug"]) == (409, "already-member")
    for body in (
        {"email": "x", "roles": ["editor"]},
        {"email": owner.email, "roles": []},
        {"email": owner.email},
    ):
        assert (await boss.post(path, json=body)).status_code == 422
    for body in ({"roles": None}, {"roles": []}, {"surprise": 1}):
        assert (await boss.patch(f"{path}/{owner.user_id}", json=body)).status_code == 422
    missing = await boss.patch(f"{path}/{owner.user_id}", json={"department_id": str(new_id())})
    assert missing.status_code == 404
