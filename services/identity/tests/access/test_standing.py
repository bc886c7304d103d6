"""What somebody may do who is not signed in, in whose name a rule acts."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID, Actor, system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.round_trips import round_trips


async def standing(client: Client, user_id: Any, company_id: Any) -> Any:
    """The answer to another service."""
    service = client.acting(system_actor("crm", company_id))
    body = {"user_id": str(user_id), "company_id": str(company_id)}
    return await service.post("/internal/access/standing", json=body)


async def test_it_is_what_the_person_may_do_in_the_business_now(platform: Any, client: Client) -> None:
    owner = await platform.business()
    signed_in = await platform.actor((await platform.login(owner.email))["access"])

    answer = (await standing(client, owner.user_id, owner.company_id)).json()

    actor = Actor.from_json(answer["actor"])
    assert (actor.user_id, actor.tenant_id, actor.tenant_status) == (
        owner.user_id,
        owner.company_id,
        "active",
    )
    assert (actor.permissions, actor.features) == (signed_in.permissions, signed_in.features)
    assert (actor.session_id, answer["time_zone"]) == (None, "UTC")


async def test_the_time_zone_is_that_of_the_business(platform: Any, client: Client) -> None:
    owner = await platform.business()
    access = (await platform.login(owner.email))["access"]
    actor = await platform.actor(access)
    changed = await client.acting(actor).patch(
        f"/tenants/{owner.company_id}/settings", json={"timezone": "Africa/Johannesburg"}
    )
    assert changed.status_code == 200, changed.text

    answer = await standing(client, owner.user_id, owner.company_id)

    assert answer.json()["time_zone"] == "Africa/Johannesburg"


async def test_it_costs_one_round_trip(context: ServiceContext, platform: Any, client: Client) -> None:
    owner = await platform.business()

    with round_trips(context.engine) as trips:
        answer = await standing(client, owner.user_id, owner.company_id)

    assert answer.status_code == 200
    assert [len(together) for together in trips.statements] == [1]


async def test_nobody_stands_for_anything_in_a_business_of_others(platform: Any, client: Client) -> None:
    owner, other = await platform.business(), await platform.business()

    for user_id, company_id in (
        (owner.user_id, other.company_id),
        (owner.user_id, OPERATOR_TENANT_ID),
        (owner.user_id, new_id()),
    ):
        refused = await standing(client, user_id, company_id)
        assert (refused.status_code, refused.json()["slug"]) == (403, "tenant-forbidden")
    assert (await standing(client, new_id(), owner.company_id)).status_code == 401


async def test_only_services_ask(platform: Any, client: Client) -> None:
    owner = await platform.business()
    actor = await platform.actor((await platform.login(owner.email))["access"])
    body = {"user_id": str(owner.user_id), "company_id": str(owner.company_id)}

    assert (await client.acting(actor).post("/internal/access/standing", json=body)).status_code == 403
