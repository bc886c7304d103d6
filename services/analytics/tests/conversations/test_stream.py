"""The event stream of a conversation."""

import asyncio
from typing import Any
from uuid import UUID

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.eventually import eventually
from services.analytics.tests.conftest import OpenContext
from services.analytics.tests.conversations.streaming import open_stream
from services.analytics.tests.conversations.test_asking import MARCH, asked, begin, sell
from services.analytics.tests.conversations.test_models import simulator, with_model

__all__ = ["simulator", "with_model"]
WHOLE = ["question", "figures", "delta", "done"]


async def test_an_answer_comes_over_the_open_stream(client: Client) -> None:
    path = await begin(client)
    async with open_stream(client, path) as stream:
        ready = await stream.next()
        answer = await asked(client, "Revenue?", path)
        events = await stream.until("done")

    assert ready == {"id": 0, "event": "ready", "data": {"last_event_id": 0}}
    assert [(event["id"], event["event"]) for event in events] == list(enumerate(WHOLE, 1))
    assert events[0]["data"] == {**answer["question"], "status": "answering"}
    assert events[1]["data"]["figures"] == answer["figures"]
    assert events[2]["data"] == {"message_id": answer["message"]["id"], "text": answer["answer"]}
    assert events[3]["data"] == answer["message"]


async def test_ids_go_on_and_nothing_is_lost_between_connections(client: Client) -> None:
    path = await begin(client)
    for _ in range(2):
        await asked(client, "Revenue?", path)

    async with open_stream(client, path, last_event_id=2) as stream:
        ready = await stream.next()
        replayed = [await stream.next() for _ in range(6)]
    await asked(client, "Revenue?", path)
    async with open_stream(client, path, query="last_event_id=8") as stream:
        await stream.next()
        later = await stream.until("done")
    async with open_stream(client, path, last_event_id=0) as stream:
        await stream.next()
        every = [await stream.next() for _ in range(12)]

    assert ready is not None
    assert ready["id"] == 2
    assert [event["id"] for event in replayed if event] == [3, 4, 5, 6, 7, 8]
    assert [event["id"] for event in later] == [9, 10, 11, 12]
    assert [event["event"] for event in every if event] == WHOLE * 3


async def test_without_an_id_it_begins_with_the_newest_question(client: Client) -> None:
    path = await begin(client)
    await asked(client, "Revenue?", path)
    newest = await asked(client, "Orders?", path)

    for unknown in (None, "x", "-1", "9" * 30):
        async with open_stream(client, path, last_event_id=unknown) as stream:
            assert (await stream.next())["id"] == 4
            assert (await stream.next())["data"]["id"] == newest["question"]["id"]
    async with open_stream(client, path, last_event_id=2**62) as stream:
        assert (await stream.next())["id"] == 8


async def test_the_words_of_a_model_come_as_they_are_made(
    with_model: Any, context: ServiceContext, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 125000, at=MARCH)
    client = await with_model()
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        answer = await asked(client, "What did we make?", path)
        events = await stream.until("done")

    deltas = [event["data"]["text"] for event in events if event["event"] == "delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == answer["answer"]
    assert [event["event"] for event in events][-2:] == ["figures", "done"]
    assert {event["data"]["message_id"] for event in events[1:-1]} == {answer["message"]["id"]}


async def test_words_that_do_not_count_are_taken_back(
    with_model: Any, context: ServiceContext, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 125000, at=MARCH)
    for model in ("sim-cut", "sim-invents", "sim-talks"):
        client = await with_model(model)
        path = await begin(client)
        async with open_stream(client, path) as stream:
            answer = await asked(client, "What is our revenue?", path)
            events = await stream.until("done")

        kinds = [event["event"] for event in events]
        last = len(kinds) - 1 - kinds[::-1].index("reset") if "reset" in kinds else 0
        shown = [event["data"]["text"] for event in events[last:] if event["event"] == "delta"]
        assert "reset" in kinds, model
        assert "".join(shown).strip() == answer["answer"], model
        # What was not founded was never shown.
        assert "987,654.32" not in str(events)


async def test_answers_of_another_process_come_too(
    client: Client, open_context: OpenContext, tenant_id: UUID
) -> None:
    elsewhere = Client(await open_context(), client.actor)
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        await asked(elsewhere, "Revenue?", path)

        assert len(await stream.until("done")) == 4


async def test_an_idle_stream_holds_no_database_connection(context: ServiceContext, client: Client) -> None:
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        waiting = asyncio.create_task(stream.next())
        await eventually(lambda: stream.comments)
        assert context.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        waiting.cancel()


async def test_the_stream_of_a_removed_conversation_ends(client: Client) -> None:
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        await client.delete(path)

        assert (await stream.next())["event"] == "gone"
        assert await stream.next() is None
    assert (await client.get(f"{path}/stream")).status_code == 404


async def test_a_stream_ends_after_a_while_so_that_rights_are_checked_anew(
    open_context: OpenContext, tenant_id: UUID
) -> None:
    client = Client(await open_context(assistant_stream_seconds=0.05), user(tenant_id))
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        assert await stream.next() is None


async def test_a_user_has_a_limited_number_of_streams(open_context: OpenContext, tenant_id: UUID) -> None:
    client = Client(await open_context(assistant_streams_per_user=1), user(tenant_id))
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        refused = await client.get(f"{path}/stream")
    async with open_stream(client, path) as again:
        assert await again.next()

    assert (refused.status_code, refused.json()["slug"]) == (429, "rate-limited")


async def test_streams_end_with_the_process(open_context: OpenContext, tenant_id: UUID) -> None:
    context = await open_context(assistant_stream_poll_seconds=60)
    client = Client(context, user(tenant_id))
    path = await begin(client)
    async with open_stream(client, path) as stream:
        await stream.next()
        context.stopping.set()
        assert await stream.next() is None
