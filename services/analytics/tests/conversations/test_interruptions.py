"""Questions whose answering was cut off, and what must always hold."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.privacy.erasing import erase_some
from libs.common.privacy.people import Person, enter
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.analytics.assistant.answer import Answer
from services.analytics.assistant.providers.simulator.server import KEY, Simulator
from services.analytics.conversations.invariants import INVARIANTS
from services.analytics.conversations.jobs import fail_interrupted_questions, remove_old_conversations
from services.analytics.conversations.recording import Claim, record_answer, record_question
from services.analytics.conversations.schemas import AskIn
from services.analytics.manifest import SERVICE
from services.analytics.tests.conftest import OpenContext
from services.analytics.tests.conversations.test_asking import asked, begin

ANSWER = Answer("Late.", (), (), "offline", "rules", degraded=True)


async def left_behind(client: Client, path: str, key: str | None = None, prompt: str = "Revenue?") -> Claim:
    """A question that was written down by a process that died then."""
    assert client.actor is not None
    async with client.context.unit_of_work(client.actor) as uow:
        recorded = await record_question(uow, UUID(path.rpartition("/")[2]), AskIn(prompt=prompt), key)
    assert recorded.claim is not None
    return recorded.claim


async def messages(client: Client, path: str) -> list[tuple[str, str]]:
    """Roles and states."""
    found = (await client.get(f"{path}/messages")).json()["items"]
    return [(message["role"], message["status"]) for message in found]


@pytest.fixture
async def clock() -> ManualClock:
    """A clock of one's own."""
    return ManualClock()


@pytest.fixture
async def later(open_context: OpenContext, tenant_id: UUID, clock: ManualClock) -> Client:
    """A client of a service whose clock can be moved."""
    return Client(await open_context(clock=clock), user(tenant_id))


async def test_a_question_left_behind_is_answered_when_it_is_asked_again(
    later: Client, clock: ManualClock
) -> None:
    path = await begin(later)
    lost = await left_behind(later, path, "k")
    clock.advance(seconds=3600)

    again = await later.post(f"{path}/ask", json={"prompt": "Revenue?"}, headers={"Idempotency-Key": "k"})

    assert again.status_code == 201
    assert again.json()["question"]["id"] == str(lost.question_id)
    assert await messages(later, path) == [("user", "answered"), ("assistant", "completed")]
    # Should the process have been alive after all, its answer comes too late.
    async with later.context.unit_of_work(later.actor) as uow:
        assert not await record_answer(uow, lost, ANSWER, is_told=False)
    assert len(await messages(later, path)) == 2


async def test_an_answer_is_written_once(client: Client) -> None:
    path = await begin(client)
    claim = await left_behind(client, path)

    async def answer() -> bool:
        async with client.context.unit_of_work(client.actor) as uow:
            return await record_answer(uow, claim, ANSWER, is_told=False)

    assert sorted(await asyncio.gather(*(answer() for _ in range(3)))) == [False, False, True]
    assert len(await messages(client, path)) == 2


async def test_a_question_left_behind_counts_as_failed_and_holds_up_nobody(
    later: Client, clock: ManualClock
) -> None:
    path = await begin(later)
    await left_behind(later, path)
    held_up = await later.post(f"{path}/ask", json={"prompt": "Orders?"})
    clock.advance(seconds=3600)

    async with later.context.unit_of_work(platform=True) as uow:
        await fail_interrupted_questions(uow, {})
    failed = await messages(later, path)
    await asked(later, "Orders?", path)

    assert (held_up.status_code, held_up.json()["slug"]) == (409, "answer-in-progress")
    assert failed == [("user", "failed")]
    assert await messages(later, path) == [*failed, ("user", "answered"), ("assistant", "completed")]


async def test_without_the_job_the_next_question_finds_out(later: Client, clock: ManualClock) -> None:
    path = await begin(later)
    await left_behind(later, path)
    clock.advance(seconds=3600)

    await asked(later, "Orders?", path)

    assert (await messages(later, path))[0] == ("user", "failed")


async def test_a_process_that_stops_leaves_failed_questions(
    open_context: OpenContext, tenant_id: UUID
) -> None:
    async with Simulator().running() as simulator:
        context = await open_context(
            assistant_provider="openai_chat",
            assistant_model="sim-slow",
            assistant_base_url=simulator.url,
            assistant_api_key=KEY,
        )
        client = Client(context, user(tenant_id))
        path = await begin(client)
        asking = await client.post(f"{path}/ask", json={"prompt": "Revenue?", "wait": False})
        await context.resources["assistant"].close()

    assert asking.status_code == 202
    assert await messages(client, path) == [("user", "failed")]


async def test_a_conversation_removed_meanwhile_stays_removed(client: Client) -> None:
    path = await begin(client)
    claim = await left_behind(client, path)
    await client.delete(path)

    async with client.context.unit_of_work(client.actor) as uow:
        assert not await record_answer(uow, claim, ANSWER, is_told=False)


async def test_conversations_that_nobody_uses_are_removed(later: Client, clock: ManualClock) -> None:
    old = await begin(later)
    await asked(later, "Revenue?", old)
    clock.advance(days=200)
    used = await begin(later)
    clock.advance(days=166)

    async with later.context.unit_of_work(platform=True) as uow:
        await remove_old_conversations(uow, {})

    assert (await later.get(old)).status_code == 404
    assert (await later.get(used)).status_code == 200


async def test_a_person_takes_his_conversations_along(client: Client, tenant_id: UUID) -> None:
    assert client.actor is not None
    path = await begin(client)
    await asked(client, "Revenue?", path)
    colleague = client.acting(user(tenant_id))
    kept = await begin(colleague)
    await asked(colleague, "Revenue?", kept)
    person = Person(new_id(), client.actor.user_id, "nobody-at-all@example.com")

    async with client.context.unit_of_work(tenant_id=tenant_id) as uow:
        await enter(uow, person)
        await erase_some(uow, person, SERVICE.metadata, SERVICE.privacy, None)
        left = {
            table: await uow.session.scalar(
                text(f"SELECT count(*) FROM analytics.{table} WHERE user_id = :user"),
                {"user": person.user_id},
            )
            for table in ("conversations", "conversation_messages", "conversation_events")
        }

    assert set(left.values()) == {0}
    assert (await client.get(path)).status_code == 404
    assert len(await messages(colleague, kept)) == 2


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("UPDATE analytics.conversation_messages SET status = 'failed' WHERE role = 'user'", "one answer"),
        ("UPDATE analytics.conversation_messages SET user_id = gen_random_uuid()", "who holds"),
        ("DELETE FROM analytics.conversation_events WHERE seq = 2", "without gaps"),
        ("UPDATE analytics.conversations SET message_count = 7", "counts its messages"),
        (
            "UPDATE analytics.conversation_messages SET figures = jsonb_set(figures, '{0,query,path}', '\"x\"')"
            " WHERE role = 'assistant'",
            "names its query",
        ),
    ],
)
async def test_what_must_hold_is_watched(
    context: ServiceContext, client: Client, tenant_id: UUID, broken: str, name: str
) -> None:
    path = await begin(client)
    await asked(client, "Revenue?", path)
    [invariant] = [one for one in INVARIANTS if name in one.name]

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        before = await invariant.check(uow)
        async with uow.session.begin_nested() as undone:
            await uow.session.execute(text(broken))
            after = await invariant.check(uow)
            await undone.rollback()

    assert before.breaches == 0
    assert after.breaches > 0
