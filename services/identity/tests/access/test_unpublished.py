"""What identity tells the gateways that the bus could not tell them yet."""

from typing import Any

from sqlalchemy import update

from libs.common.actor import system_actor
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.identity.access.service import _MOST_UNPUBLISHED
from services.identity.db import MODELS


async def unpublished(context: ServiceContext) -> Any:
    """Ask as a gateway does."""
    response = await Client(context, system_actor("gateway")).get("/internal/access/unpublished")
    assert response.status_code == 200, response.text
    return response.json()


async def publish_all(context: ServiceContext) -> None:
    """As the relay does."""
    async with context.unit_of_work(platform=True) as uow:
        outbox = MODELS.outbox
        await uow.session.execute(
            update(outbox).where(outbox.published_at.is_(None)).values(published_at=uow.now)
        )


async def test_a_change_of_rights_is_told_until_it_is_published(
    context: ServiceContext, platform: Any
) -> None:
    owner = await platform.business()
    await publish_all(context)
    me = await platform.signed_in(owner.email)

    assert (await me.post("/auth/sessions/revoke-all")).status_code == 200
    told = await unpublished(context)
    await publish_all(context)

    ((name, data),) = [e for e in told["events"] if e[1].get("user_id") == str(owner.user_id)]
    assert (name, data["session_id"]) == ("identity.session_revoked.v1", str(me.actor.session_id))
    assert told["is_whole"]
    assert (await unpublished(context)) == {"events": [], "is_whole": True}


async def test_roles_and_host_names_are_changes_of_rights(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    role = {"code": "picker", "name": "Picker", "permissions": ["orders.orders.read"]}
    role_id = (await me.post("/roles", json=role)).json()["id"]
    path = f"/tenants/{owner.company_id}/domains"
    await publish_all(context)

    async def whose() -> list[str]:
        told = await unpublished(context)
        await publish_all(context)
        return [data["whose"] for name, data in told["events"] if name == "identity.access_changed.v1"]

    await me.patch(f"/roles/{role_id}", json={"permissions": []})
    assert await whose() == [str(owner.company_id)]
    made = (await me.post(path, json={"host": f"shop-{role_id}.example"})).json()
    # It leads nowhere yet.
    assert await whose() == []
    domain, record = made["id"], made["verification"]["dns"]
    context.resources["proofs"].records[record["name"]] = [record["value"]]
    assert (await me.post(f"{path}/{domain}/verify")).status_code == 200
    assert await whose() == ["everybody"]
    assert (await me.delete(f"{path}/{domain}")).status_code == 204
    assert await whose() == ["everybody"]


async def test_too_much_is_not_told_in_full(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    await publish_all(context)
    me = await platform.signed_in(owner.email)
    async with context.unit_of_work(me.actor) as uow:
        for _ in range(_MOST_UNPUBLISHED):
            uow.audit("tried", "thing", owner.user_id)

    assert not (await unpublished(context))["is_whole"]
    await publish_all(context)


async def test_only_services_may_ask(context: ServiceContext) -> None:
    asked = await Client(context, user(None)).get("/internal/access/unpublished")
    assert asked.status_code == 403
