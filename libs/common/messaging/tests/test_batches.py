"""Batches: whatever their sizes, whatever is repeated in them and whichever cannot be handled, effects are had once."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import aiormq
import pamqp.frame
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry import trace

from libs.common.ids import new_id
from libs.common.messaging.amqp_acks import ack_frames
from libs.common.messaging.batches import Batches
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.tests.delivery_suite import arrivals, dead_letters
from libs.common.messaging.tests.parcels.service import (
    BATCHES,
    MODELS,
    SERVICE,
    WRITE_BATCH,
    ParcelMoved,
)
from libs.common.messaging.trial import DEATHS_BEFORE_BURIAL, ON_TRIAL, RETURNS_BEFORE_TRIAL
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.brokers.things import made
from libs.common.testing.eventually import eventually
from libs.common.testing.in_no_time import in_no_time


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


def moved(tenant_id: UUID, step: int, mood: str = "well", **changes: int) -> Envelope:
    return made(ParcelMoved(parcel_id=new_id(), step=step, mood=mood), tenant_id=tenant_id, **changes)


# What is delivered, as (which event, how often it has failed, how often it came back), cut into batches; most of it
# comes for the first time, so that it is handled together.
_delivery = st.tuples(
    st.integers(0, 9), st.sampled_from([0, 0, 0, 0, 0, 1]), st.sampled_from([0, 0, 0, 0, 1, 3])
)
_batches = st.lists(st.lists(_delivery, min_size=1, max_size=8), min_size=1, max_size=6)


@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    # Shrinking takes minutes; the failing story is printed anyway.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=_batches, poison=st.sets(st.integers(0, 9), max_size=3))
async def test_effects_are_had_once_and_in_order_whatever_comes_in_a_batch(
    context: ServiceContext, batches: list[list[tuple[int, int, int]]], poison: set[int]
) -> None:
    tenants = [new_id(), new_id()]
    events = [moved(tenants[n % 2], n, "fails" if n in poison else "well") for n in range(10)]
    consumer = Consumer(context)
    for batch in batches:
        envelopes = [
            made(
                ParcelMoved(**events[n].data),
                id=events[n].id,
                tenant_id=events[n].tenant_id,
                attempts=attempts,
                returns=returns,
            )
            for n, attempts, returns in batch
        ]
        verdicts = await consumer.deliver_batch(WRITE_BATCH, envelopes)
        assert list(verdicts) == [Verdict.RETRY if n in poison else Verdict.DONE for n, _, _ in batch]
    delivered = [n for batch in batches for n, _, _ in batch if n not in poison]
    for number, tenant in enumerate(tenants):
        came = [step for _, step in await arrivals(context, tenant)]
        assert came == [n for n in dict.fromkeys(delivered) if n % 2 == number]
    assert await dead_letters(context) == []


async def test_a_poison_message_costs_few_units_of_work(context: ServiceContext, tenant_id: UUID) -> None:
    envelopes = [moved(tenant_id, step, "fails" if step == 40 else "well") for step in range(64)]
    before = len(BATCHES)
    verdicts = await Consumer(context).deliver_batch(WRITE_BATCH, envelopes)
    assert Counter(verdicts) == {Verdict.DONE: 63, Verdict.RETRY: 1}
    # Six times halved, one half of each well.
    assert len(BATCHES) - before == 13


async def test_what_failed_before_spoils_no_batch_again(context: ServiceContext, tenant_id: UUID) -> None:
    envelopes = [moved(tenant_id, step) for step in range(6)]
    envelopes[2] = moved(tenant_id, 2, "fails", attempts=1)
    before = len(BATCHES)
    await Consumer(context).deliver_batch(WRITE_BATCH, envelopes)
    assert BATCHES[before:] == [2, 1, 3]


async def notes(context: ServiceContext) -> list[tuple[str | None, int]]:
    """Resolution and attempts of all dead letters."""
    letter = MODELS.dead_letter
    async with context.unit_of_work(platform=True) as uow:
        rows = await uow.session.execute(sa.select(letter.resolution, letter.attempts))
        return [(row[0], row[1]) for row in rows]


async def test_a_trial_that_is_survived_leaves_no_note(context: ServiceContext, tenant_id: UUID) -> None:
    consumer = Consumer(context)
    well = moved(tenant_id, 1, returns=RETURNS_BEFORE_TRIAL)
    fails = moved(tenant_id, 2, "fails", returns=RETURNS_BEFORE_TRIAL)
    assert await consumer.deliver(WRITE_BATCH, well) is Verdict.DONE
    assert await consumer.deliver(WRITE_BATCH, fails) is Verdict.RETRY
    assert await notes(context) == []
    assert await dead_letters(context) == []


async def test_a_trial_is_written_down_before_it_begins(context: ServiceContext, tenant_id: UUID) -> None:
    class Ends(BaseException):
        """As if the process had ended: nothing after it is run."""

    async def dies(taken: object, uow: object) -> None:
        raise Ends

    consumer = Consumer(context)
    deadly = type(WRITE_BATCH)(WRITE_BATCH.name, WRITE_BATCH.events, dies, batch=2)
    sent = moved(tenant_id, 1, returns=RETURNS_BEFORE_TRIAL)
    for deaths in range(DEATHS_BEFORE_BURIAL):
        assert await notes(context) == ([(ON_TRIAL, deaths)] if deaths else [])
        with pytest.raises(Ends):
            await consumer.deliver(deadly, sent)
    assert await dead_letters(context) == []
    assert await consumer.deliver(deadly, sent) is Verdict.DONE
    [letter] = await dead_letters(context)
    assert (letter.event_id, letter.attempts) == (sent.id, DEATHS_BEFORE_BURIAL)
    # Delivered again, since the acknowledgement was lost: it is not handled, and stays open.
    assert await consumer.deliver(deadly, sent) is Verdict.DONE
    assert len(await dead_letters(context)) == 1


async def test_no_two_trials_run_at_once(context: ServiceContext, tenant_id: UUID) -> None:
    running, most = 0, 0

    async def watch(taken: object, uow: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    one = asyncio.Lock()
    watched = type(WRITE_BATCH)(WRITE_BATCH.name, WRITE_BATCH.events, watch, batch=2)
    sent = [moved(tenant_id, step, returns=RETURNS_BEFORE_TRIAL) for step in range(4)]
    consumers = [Consumer(context, one_trial=one) for _ in sent]
    await asyncio.gather(*(c.deliver(watched, e) for c, e in zip(consumers, sent, strict=True)))
    assert most == 1


async def test_it_hands_on_what_is_there_and_never_two_batches_at_once() -> None:
    got: list[list[int]] = []
    running = 0

    async def handle(items: list[int]) -> None:
        nonlocal running
        running += 1
        assert running == 1
        got.append(items)
        await asyncio.sleep(0)
        running -= 1

    tasks: set[asyncio.Task[None]] = set()
    batches = Batches(3, handle, tasks)
    for n in range(7):
        batches.put(n)
    await asyncio.gather(*tasks)
    batches.put(7)
    await asyncio.gather(*tasks)
    assert got == [[0, 1, 2], [3, 4, 5], [6], [7]]
    assert not tasks


def test_what_comes_steadily_is_handled_in_few_batches_and_the_first_at_once() -> None:
    began: list[tuple[float, int]] = []

    async def handle(items: list[int]) -> None:
        began.append((asyncio.get_running_loop().time(), len(items)))

    async def come_steadily() -> None:
        tasks: set[asyncio.Task[None]] = set()
        batches = Batches(100, handle, tasks, spacing=2)
        for item in range(100):
            batches.put(item)
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)

    in_no_time(come_steadily())
    assert began[0] == (0, 1)
    assert sum(count for _, count in began) == 100
    spaces = [later - sooner for (sooner, _), (later, _) in itertools.pairwise(began)]
    assert spaces == [pytest.approx(2)] * 5


async def test_a_whole_batch_waits_for_nothing_and_neither_does_the_last_of_a_process() -> None:
    got: list[list[int]] = []

    async def handle(items: list[int]) -> None:
        got.append(items)

    tasks: set[asyncio.Task[None]] = set()
    batches = Batches(3, handle, tasks, spacing=3600)
    for n in range(7):
        batches.put(n)
    await eventually(lambda: len(got) == 2)
    assert got == [[0, 1, 2], [3, 4, 5]]
    batches.put(7)
    batches.put(8)
    await eventually(lambda: len(got) == 3)
    batches.put(9)
    batches.hasten()
    await asyncio.gather(*tasks)
    assert got[2:] == [[6, 7, 8], [9]]


def test_the_frames_that_acknowledge_are_those_of_the_protocol() -> None:
    expected = b"".join(
        pamqp.frame.marshal(aiormq.spec.Basic.Ack(delivery_tag=tag), 7) for tag in (1, 300, 2**40)
    )
    assert ack_frames(7, (1, 300, 2**40)) == expected


def spoilt(tenant_id: UUID, step: int) -> Envelope:
    """An event at which what stands around its handler fails, time and again."""
    fields: dict[str, Any] = {"traceparent": 7}
    return replace(moved(tenant_id, step), **fields)


async def test_what_fails_around_its_handler_ends_as_a_dead_letter(
    context: ServiceContext, tenant_id: UUID
) -> None:
    consumer, sent = Consumer(context, max_attempts=3), spoilt(tenant_id, 1)
    verdicts = [
        await consumer.deliver(WRITE_BATCH, replace(sent, attempts=attempts)) for attempts in range(3)
    ]
    assert verdicts == [Verdict.RETRY, Verdict.RETRY, Verdict.DONE]
    [letter] = await dead_letters(context)
    assert (letter.event_id, letter.attempts) == (sent.id, 3)


async def test_what_fails_around_a_batch_spoils_none_of_its_neighbours(
    context: ServiceContext, tenant_id: UUID
) -> None:
    envelopes = [moved(tenant_id, step) for step in range(6)]
    envelopes[2] = spoilt(tenant_id, 2)
    # Within a trace, so that the batch is linked to those of its events.
    with trace.use_span(trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=True))):
        verdicts = await Consumer(context).deliver_batch(WRITE_BATCH, envelopes)
    assert verdicts == [*[Verdict.DONE] * 2, Verdict.RETRY, *[Verdict.DONE] * 3]
    assert [step for _, step in await arrivals(context, tenant_id)] == [0, 1, 3, 4, 5]
