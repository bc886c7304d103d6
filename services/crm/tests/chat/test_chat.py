"""Chat over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.crm import MessagePosted
from libs.contracts.identity import MemberRemoved
from services.crm.chat.repository import MOST_UNREAD
from services.crm.tests.factories import Crm, add_member


class TestMessages(ResourceSuite):
    """What every resource promises."""

    path = "/chat"
    permission = "crm.chat"
    create = {"object_type": "order", "object_id": str(new_id()), "text": "Hello"}
    changes = {"text": "Hello again"}
    required = "text"
    needs_active = True
    invalid = (
        {"text": " "},
        {"object_type": "Order!"},
        {"object_id": "x"},
        {"mentions": [str(new_id())]},
        {"author_name": "Somebody else"},
    )


async def colleague(client: Client, tenant_id: UUID, first_name: str = "Sipho") -> Client:
    """A client acting as another member of the business."""
    user_id = await add_member(client.context, tenant_id, first_name=first_name)
    return client.acting(user(tenant_id, user_id=user_id))


async def say(client: Client, deal: dict[str, Any], text: str, *mentions: UUID | None) -> dict[str, Any]:
    """A message on a deal."""
    return await Crm(client).post(
        "/chat",
        object_type="deal",
        object_id=deal["id"],
        text=text,
        mentions=[str(user_id) for user_id in mentions],
    )


async def told(context: ServiceContext, tenant_id: UUID) -> list[set[str]]:
    """Who was told of each message."""
    return [set(event.data["recipient_ids"]) for event in await emitted(context, tenant_id, MessagePosted)]


async def test_a_message_is_read_at_its_object(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    deal, other = await crm.deal(), await crm.deal()
    first, second = await say(crm.client, deal, "one"), await say(crm.client, deal, "two")
    elsewhere = await say(crm.client, other, "three")

    found = await crm.get("/chat/for_object", type="deal", id=deal["id"])

    assert found == {"items": [second, first], "next_cursor": None}
    assert (await crm.get("/chat", object_id=other["id"]))["items"] == [elsewhere]
    assert first["author_name"] == "Test User"
    [event, *_] = await emitted(context, tenant_id, MessagePosted)
    assert crm.client.actor is not None
    assert event.data == {
        "message_id": first["id"],
        "object_type": "deal",
        "object_id": deal["id"],
        "author_id": str(crm.client.actor.user_id),
        "author_name": "Test User",
        "text": "one",
        "recipient_ids": [],
    }


async def test_the_object_must_be_named_to_list_its_messages(crm: Crm) -> None:
    for params in ({}, {"type": "deal"}, {"id": str(new_id())}, {"type": "deal", "id": "x"}):
        assert (await crm.client.get("/chat/for_object", params=params)).status_code == 422


async def test_an_object_of_this_service_must_exist(crm: Crm, client: Client, other_tenant_id: UUID) -> None:
    deal = await crm.deal()
    stranger = Crm(client.acting(user(other_tenant_id)))

    for object_type in ("deal", "task", "company", "contact", "lead", "request", "project", "memo"):
        await crm.refused(
            404, "not-found", "/chat", object_type=object_type, object_id=str(new_id()), text="x"
        )
    await stranger.refused(404, "not-found", "/chat", object_type="deal", object_id=deal["id"], text="x")


async def test_those_who_take_part_are_told(client: Client, crm: Crm, tenant_id: UUID) -> None:
    owner, writer, mentioned = [await colleague(client, tenant_id, name) for name in ("A", "B", "C")]
    ids = [str(c.actor.user_id) for c in (owner, writer, mentioned) if c.actor]
    deal = await crm.deal(owner_id=ids[0])

    first = await say(writer, deal, "to the owner")
    await say(writer, deal, "and to you", UUID(ids[2]))
    await say(mentioned, deal, "thanks")

    assert first["author_name"] == "B Nkosi"
    assert await told(client.context, tenant_id) == [{ids[0]}, {ids[0], ids[2]}, {ids[0], ids[1]}]


async def test_one_who_left_is_told_nothing_more(client: Client, crm: Crm, tenant_id: UUID) -> None:
    leaver = await colleague(client, tenant_id)
    assert leaver.actor is not None
    assert leaver.actor.user_id is not None
    deal = await crm.deal()
    await say(leaver, deal, "bye")

    await deliver(
        client.context, MemberRemoved(company_id=tenant_id, user_id=leaver.actor.user_id), tenant_id
    )
    await say(client, deal, "still there?")

    assert await told(client.context, tenant_id) == [set(), set()]


async def test_only_the_author_changes_and_removes_a_message(
    client: Client, crm: Crm, tenant_id: UUID
) -> None:
    deal = await crm.deal()
    message = await say(client, deal, "mine")
    path = f"/chat/{message['id']}"
    other = await colleague(client, tenant_id)

    for response in (
        await other.patch(path, json={"text": "theirs"}),
        await other.put(path, json={"text": "theirs"}),
        await other.delete(path),
    ):
        assert (response.status_code, response.json()["slug"]) == (403, "not-the-author")
    edited = (await client.patch(path, json={"text": "still mine"})).json()
    assert (edited["text"], message["edited_at"]) == ("still mine", None)
    assert edited["edited_at"] is not None


async def test_reading_is_remembered(client: Client, crm: Crm, tenant_id: UUID) -> None:
    deal = await crm.deal()
    reader = Crm(await colleague(client, tenant_id))
    first = await say(client, deal, "one")
    second = await say(client, deal, "two")
    await say(reader.client, deal, "my own")

    [thread] = (await reader.get("/chat/threads"))["items"]
    assert (thread["message_count"], thread["unread_count"]) == (3, 2)
    assert await reader.get(f"/chat/threads/{thread['id']}") == thread

    assert (await reader.post(f"/chat/{first['id']}/read"))["is_read"]
    assert (await reader.get(f"/chat/threads/{thread['id']}"))["unread_count"] == 1
    assert not (await reader.get(f"/chat/{second['id']}"))["is_read"]

    assert (await reader.post(f"/chat/threads/{thread['id']}/read"))["unread_count"] == 0
    await reader.post(f"/chat/{first['id']}/read")
    shown = (await reader.get("/chat/for_object", type="deal", id=deal["id"]))["items"]
    assert [row["is_read"] for row in shown] == [True, True, True]

    await say(client, deal, "three")
    assert (await reader.get(f"/chat/threads/{thread['id']}"))["unread_count"] == 1


async def test_of_a_long_thread_no_more_than_the_newest_are_counted(
    client: Client, crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    deal = await crm.deal()
    reader = Crm(await colleague(client, tenant_id))
    first = await say(client, deal, "one")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        copies = (
            "INSERT INTO crm.chat_messages (tenant_id, id, thread_id, object_type, object_id, author_id, author_name, "
            "text, mentions, created_at, updated_at) SELECT tenant_id, gen_random_uuid(), thread_id, object_type, "
            "object_id, author_id, author_name, text, mentions, created_at + n * interval '1 millisecond', updated_at "
            "FROM crm.chat_messages, generate_series(1, :count) n WHERE id = :first"
        )
        await uow.session.execute(text(copies), {"count": MOST_UNREAD + 5, "first": first["id"]})
        counted = "UPDATE crm.chat_threads SET message_count = message_count + :count WHERE object_id = :deal"
        await uow.session.execute(text(counted), {"count": MOST_UNREAD + 5, "deal": deal["id"]})

    [thread] = (await reader.get("/chat/threads"))["items"]
    assert thread["unread_count"] == MOST_UNREAD
    assert (await reader.post(f"/chat/{first['id']}/read"))["is_read"]
    assert (await reader.get(f"/chat/threads/{thread['id']}"))["unread_count"] == MOST_UNREAD


async def test_one_who_only_reads_is_not_told(client: Client, crm: Crm, tenant_id: UUID) -> None:
    deal = await crm.deal()
    reader = Crm(await colleague(client, tenant_id))
    message = await say(client, deal, "one")
    await reader.post(f"/chat/{message['id']}/read")

    await say(client, deal, "two")

    assert await told(client.context, tenant_id) == [set(), set()]


async def test_threads_are_sorted_by_their_last_message(crm: Crm) -> None:
    deals = [await crm.deal() for _ in range(3)]
    for deal in (*deals, deals[0]):
        await say(crm.client, deal, "x")

    threads = (await crm.get("/chat/threads"))["items"]

    assert [row["object_id"] for row in threads] == [deals[n]["id"] for n in (0, 2, 1)]


async def test_first_messages_at_once_share_a_thread(crm: Crm) -> None:
    deal = await crm.deal()

    messages = await asyncio.gather(*(say(crm.client, deal, f"m{n}") for n in range(5)))

    assert len({message["thread_id"] for message in messages}) == 1
    [thread] = (await crm.get("/chat/threads"))["items"]
    assert thread["message_count"] == 5


async def test_a_removed_message_no_longer_counts(crm: Crm) -> None:
    deal = await crm.deal()
    message = await say(crm.client, deal, "x")

    await crm.client.delete(f"/chat/{message['id']}")

    [thread] = (await crm.get("/chat/threads"))["items"]
    assert thread["message_count"] == 0


async def test_threads_belong_to_their_business(
    client: Client, crm: Crm, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    message = await say(client, await crm.deal(), "x")
    path = f"/chat/threads/{message['thread_id']}"
    stranger = client.acting(user(other_tenant_id))
    writer = client.acting(user(tenant_id, "crm.chat.write"))

    assert (await stranger.get("/chat/threads")).json()["items"] == []
    for method, target in (("GET", path), ("POST", f"{path}/read"), ("POST", f"/chat/{message['id']}/read")):
        assert (await stranger.request(method, target)).status_code == 404
        assert (await client.acting(None).request(method, target)).status_code == 401
        refused = await writer.request(method, target)
        assert (refused.status_code, refused.json()["required_permission"]) == (403, "crm.chat.read")
