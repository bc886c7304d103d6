"""The inbox over HTTP."""

from typing import Any
from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.notifications.announcements.service import Announcer
from services.notifications.announcements.target import Target
from services.notifications.tests.factories import notices


async def tell(context: ServiceContext, client: Client, *names: str, kind: str = "task_assigned") -> None:
    """Notices for the client's user."""
    assert client.actor is not None
    for name in names:
        async with context.unit_of_work(tenant_id=client.actor.tenant_id) as uow:
            await Announcer(uow).tell(
                kind, [Target(client.actor.user_id)], {"task": {"name": name}}, key=str(new_id())
            )


async def test_a_notice_is_read_and_archived(context: ServiceContext, client: Client) -> None:
    await tell(context, client, "one", "two")
    newest, oldest = await notices(client)

    read = await client.post(f"/notifications/{newest['id']}/read")
    again = await client.post(f"/notifications/{newest['id']}/read")
    archived = await client.post(f"/notifications/{oldest['id']}/archive")

    assert read.json()["read_at"] is not None
    assert again.json() == read.json()
    assert archived.json()["archived_at"] is not None
    assert [n["id"] for n in await notices(client)] == [newest["id"]]
    assert [n["id"] for n in await notices(client, archived="true")] == [oldest["id"]]
    assert (await client.get(f"/notifications/{oldest['id']}")).json() == archived.json()


async def test_unread_ones_are_listed_counted_and_read_at_once(
    context: ServiceContext, client: Client
) -> None:
    await tell(context, client, "one", "two", "three")
    first = (await notices(client))[0]
    await client.post(f"/notifications/{first['id']}/read")

    assert len(await notices(client, unread="true")) == 2
    assert [n["id"] for n in await notices(client, unread="false")] == [first["id"]]
    assert (await client.get("/notifications/unread-count")).json() == {"unread": 2}
    assert (await client.post("/notifications/read-all")).json() == {"read": 2}
    assert (await client.post("/notifications/read-all")).json() == {"read": 0}
    assert (await client.get("/notifications/unread-count")).json() == {"unread": 0}


async def test_notices_are_filtered_by_type_and_paged(context: ServiceContext, client: Client) -> None:
    await tell(context, client, *"abcde")
    await tell(context, client, "x", kind="stock_low")

    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2, "type": "task_assigned"}
    while True:
        page = (await client.get("/notifications", params=params)).json()
        seen += [n["title"] for n in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert seen == [f"New task: {name}" for name in "edcba"]
    assert (await client.get("/notifications", params={"surprise": 1})).status_code == 422


async def test_nobody_sees_or_touches_the_inbox_of_another(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    assert client.actor is not None
    await tell(context, client, "mine")
    [notice] = await notices(client)
    colleague = client.acting(user(tenant_id))
    elsewhere = client.acting(user(other_tenant_id, user_id=client.actor.user_id))

    for stranger in (colleague, elsewhere):
        assert await notices(stranger) == []
        path = f"/notifications/{notice['id']}"
        calls = [("GET", path), ("POST", f"{path}/read"), ("POST", f"{path}/archive")]
        for method, target in calls:
            assert (await stranger.request(method, target)).status_code == 404
        assert (await stranger.post("/notifications/read-all")).json() == {"read": 0}
    assert await notices(client, unread="true") == [notice]


async def test_rights_are_demanded(client: Client, tenant_id: UUID) -> None:
    path = f"/notifications/{new_id()}"
    reads = [("GET", "/notifications"), ("GET", "/notifications/unread-count"), ("GET", path)]
    writes = [("POST", f"{path}/read"), ("POST", f"{path}/archive"), ("POST", "/notifications/read-all")]
    for method, target in reads + writes:
        assert (await client.acting(None).request(method, target)).status_code == 401
        assert (await client.acting(guest(tenant_id)).request(method, target)).status_code == 401
    for calls, held, lacked in ((reads, "write", "read"), (writes, "read", "write")):
        for method, target in calls:
            someone = client.acting(user(tenant_id, f"notifications.inbox.{held}"))
            refused = await someone.request(method, target)
            assert refused.status_code == 403
            assert refused.json()["required_permission"] == f"notifications.inbox.{lacked}"


async def test_a_pending_business_reads_its_notices(client: Client, tenant_id: UUID) -> None:
    pending = client.acting(user(tenant_id, tenant_status="pending"))
    assert (await pending.get("/notifications")).status_code == 200


async def test_a_caller_who_is_no_person_has_no_inbox(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(user(tenant_id, user_id=None)).get("/notifications")).status_code == 403
