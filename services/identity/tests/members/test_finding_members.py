"""Members are found by what is kept with them, whoever changes an account and from wherever."""

from typing import Any

import psycopg
from sqlalchemy import literal

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.identity.members.jobs import copy_people, uncopied
from services.identity.tests.outsiders import PASSWORD, Platform


async def found(boss: Client, company: Any, **params: Any) -> set[str]:
    """The addresses of a list of members."""
    page = await boss.get(f"/tenants/{company}/members", params=params)
    assert page.status_code == 200, page.text
    return {one["email"] for one in page.json()["items"]}


async def hire(boss: Client, platform: Platform, **fields: Any) -> dict[str, Any]:
    """A new colleague."""
    body = {"email": platform.email(), "password": PASSWORD, "first_name": "Aigul", "last_name": "Иванова"}
    response = await boss.post("/users", json={**body, "roles": ["editor"], **fields})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def test_a_change_of_an_account_shows_in_all_its_businesses(platform: Platform) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    one = await hire(boss, platform)
    added = await rival.post(
        f"/tenants/{other.company_id}/members", json={"email": one["email"], "roles": ["support"]}
    )
    assert added.status_code == 201

    for client, company in ((boss, owner.company_id), (rival, other.company_id)):
        assert await found(client, company, q="иванова") == {one["email"]}
        assert await found(client, company, q="gul ив") == {one["email"]}
        assert await found(client, company, q=one["email"][:20].upper()) == {one["email"]}
    changed = await boss.patch(f"/users/{one['id']}", json={"last_name": "Dlamini", "is_active": False})
    assert changed.status_code == 200, changed.text
    for client, company in ((boss, owner.company_id), (rival, other.company_id)):
        assert await found(client, company, q="иванова") == set()
        assert await found(client, company, q="dlamini") == {one["email"]}
        assert await found(client, company, is_active="false") == {one["email"]}
        assert one["email"] not in await found(client, company, is_active="true")
        assert await found(client, company, is_active="false", q="thandi") == set()


async def test_members_of_an_earlier_release_are_found_before_the_job_and_after(
    context: ServiceContext, platform: Platform, database_url: str
) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    one = await hire(boss, platform)
    await boss.patch(f"/users/{one['id']}", json={"is_active": False})
    with psycopg.connect(database_url) as admin:
        # As they were before there were triggers.
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "UPDATE identity.members SET person_email = NULL, person_name = NULL, person_is_active = NULL"
            " WHERE tenant_id = %s",
            [owner.company_id],
        )

    for _ in range(2):
        assert await found(boss, owner.company_id, q="иванова") == {one["email"]}
        assert await found(boss, owner.company_id, is_active="false") == {one["email"]}
        assert await found(boss, owner.company_id, is_active="true") == {owner.email}
        assert await found(boss, owner.company_id, q="zzz") == set()
        async with context.unit_of_work(platform=True) as uow:
            await copy_people(uow, {})
    async with context.unit_of_work(tenant_id=owner.company_id) as uow:
        assert (await uow.session.execute(uncopied(context, literal(uow.now)))).first() is None
