"""What holds from the commit of an event to the commit of its effect, whatever dies in between; for each broker."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from libs.common.ids import new_id
from libs.common.messaging.bindings import settle_bindings
from libs.common.messaging.broker import Broker, PublishFailed, Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.relay import Relay
from libs.common.messaging.subscription import Subscription, retired
from libs.common.messaging.tests.parcels.service import (
    BATCHES,
    KEEP_LATEST,
    MODELS,
    SERVICE,
    WRITE_BATCH,
    Arrival,
    Parcel,
    ParcelMoved,
)
from libs.common.messaging.trial import DEATHS_BEFORE_BURIAL, RETURNS_BEFORE_TRIAL
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.brokers.things import MakeBroker, made
from libs.common.testing.eventually import eventually

# Short waits between attempts; how many there are is as in production.
DELAYS = (0.02, 0.05)


async def send(context: ServiceContext, tenant_id: UUID, *events: ParcelMoved) -> None:
    """Commit events."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for event in events:
            uow.emit(event)
            # Rows that are flushed together get their order from SQLAlchemy; a story has one event a step.
            await uow.flush()


async def pending(context: ServiceContext) -> int:
    """How many events are not published."""
    async with context.unit_of_work(platform=True) as uow:
        outbox: Any = MODELS.outbox
        counted = select(func.count()).where(outbox.published_at.is_(None))
        return await uow.session.scalar(counted) or 0


async def parcel(context: ServiceContext, tenant_id: UUID, parcel_id: UUID) -> tuple[int, int] | None:
    """What the handler made of a parcel: its latest step, and how many effects there were."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        found = await uow.session.get(Parcel, (tenant_id, parcel_id))
        return (found.latest, found.counted) if found else None


async def arrivals(context: ServiceContext, tenant_id: UUID) -> list[tuple[UUID, int]]:
    """Parcel and step of each effect of the handler that takes everything, in the order of commits."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = await uow.session.execute(select(Arrival.parcel_id, Arrival.step).order_by(Arrival.seq))
        return [(row[0], row[1]) for row in rows]


async def dead_letters(context: ServiceContext) -> list[Any]:
    """Those nobody has resolved."""
    async with context.unit_of_work(platform=True) as uow:
        letter: Any = MODELS.dead_letter
        return list((await uow.session.scalars(select(letter).where(letter.resolved_at.is_(None)))).all())


@asynccontextmanager
async def relaying(context: ServiceContext, broker: Broker, **options: Any) -> AsyncIterator[None]:
    """Run a relay within the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(Relay(context, broker, **options).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def victim(when: str, **given: Any) -> None:
    """Run a process that kills itself at a chosen moment, and see it dead."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "libs.common.messaging.tests.victim",
        when,
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PARCELS_MAY_KILL": "1", "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )
    async with asyncio.timeout(60):
        _, errors = await process.communicate(json.dumps(given, default=str).encode())
    assert process.returncode == -signal.SIGKILL, errors.decode()


class DeliverySuite:
    """Delivery end to end; a subclass says which broker."""

    amqp_url: str | None = None

    @pytest.fixture
    def settings(self, fresh_database: Callable[..., CommonSettings]) -> CommonSettings:
        return fresh_database(SERVICE)

    @pytest.fixture
    async def make_broker(self) -> MakeBroker:
        """Makes started brokers that share the server and the namespace of the test."""
        raise NotImplementedError

    @pytest.fixture
    async def context(self, settings: CommonSettings) -> AsyncIterator[ServiceContext]:
        context = ServiceContext(SERVICE, settings)
        yield context
        await context.close()

    @pytest.fixture
    async def broker(self, context: ServiceContext, make_broker: MakeBroker) -> Broker:
        """A broker that consumes for the service."""
        broker = await make_broker(retry_delays=DELAYS)
        await broker.declare(SERVICE.subscriptions)
        consumer = Consumer(context)
        await broker.consume(SERVICE.subscriptions, consumer.deliver, consumer.refuse)
        return broker

    @pytest.fixture
    def given(self, settings: CommonSettings, namespace: str, tenant_id: UUID) -> dict[str, Any]:
        """What a victim needs to know."""
        shown = {
            "environment": "test",
            "database_url": settings.database_url,
            "role_prefix": settings.role_prefix,
            "amqp_url": None,
        }
        return {
            "settings": shown,
            "namespace": namespace,
            "tenant_id": tenant_id,
            "parcel_id": new_id(),
            "amqp_url": self.amqp_url,
        }

    async def test_an_event_has_its_effect_in_every_handler(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        one = new_id()
        async with relaying(context, broker):
            await send(context, tenant_id, ParcelMoved(parcel_id=one, step=1))
            await eventually(lambda: parcel(context, tenant_id, one))
            await eventually(lambda: arrivals(context, tenant_id))
        assert await parcel(context, tenant_id, one) == (1, 1)
        assert await arrivals(context, tenant_id) == [(one, 1)]
        assert await pending(context) == 0

    async def test_an_event_survives_a_crash_between_commit_and_publish(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID, given: dict[str, Any]
    ) -> None:
        await victim("after commit", **given)
        assert await pending(context) == 1
        async with relaying(context, broker):
            await eventually(lambda: parcel(context, tenant_id, given["parcel_id"]))
        assert await parcel(context, tenant_id, given["parcel_id"]) == (1, 1)

    async def test_nothing_is_told_of_a_change_that_was_not_committed(
        self, context: ServiceContext, broker: Broker, given: dict[str, Any]
    ) -> None:
        await victim("before commit", **given)
        assert await Relay(context, broker).drain_once() == 0

    async def test_an_event_published_twice_has_its_effect_once(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        once, marker = new_id(), new_id()
        sent = made(ParcelMoved(parcel_id=once, step=1), tenant_id=tenant_id)
        await broker.publish([sent])
        await eventually(lambda: parcel(context, tenant_id, once))
        await broker.publish([sent])
        # One of the same subject after it: when that has had its effect, the repeat has been dealt with.
        await broker.publish(
            [made(ParcelMoved(parcel_id=marker, step=2), tenant_id=tenant_id, subject=sent.subject)]
        )
        await eventually(lambda: parcel(context, tenant_id, marker))
        assert await parcel(context, tenant_id, once) == (1, 1)

    async def test_a_late_fact_does_not_undo_a_newer_one(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        late = new_id()
        newer = made(ParcelMoved(parcel_id=late, step=7), tenant_id=tenant_id)
        older = made(ParcelMoved(parcel_id=late, step=3), tenant_id=tenant_id)
        await broker.publish([newer])
        await broker.publish([older])

        async def both() -> bool:
            return await parcel(context, tenant_id, late) == (7, 2)

        await eventually(both)

    async def test_a_handler_that_waits_for_another_fact_is_tried_again(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        waits = new_id()
        await broker.publish(
            [made(ParcelMoved(parcel_id=waits, step=1, mood="needs more"), tenant_id=tenant_id)]
        )
        await eventually(lambda: parcel(context, tenant_id, waits))
        assert await parcel(context, tenant_id, waits) == (1, 1)
        assert await dead_letters(context) == []

    async def test_a_failed_attempt_leaves_nothing_behind(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        shaky = new_id()
        await broker.publish(
            [made(ParcelMoved(parcel_id=shaky, step=1, mood="fails twice"), tenant_id=tenant_id)]
        )
        await eventually(lambda: parcel(context, tenant_id, shaky))
        # Each attempt counted one up before it failed; what was rolled back is not in the sum.
        assert await parcel(context, tenant_id, shaky) == (1, 1)

    async def test_a_poison_message_becomes_a_dead_letter_and_the_rest_flows_on(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        poison, well = new_id(), [new_id() for _ in range(5)]
        async with relaying(context, broker):
            await send(context, tenant_id, ParcelMoved(parcel_id=poison, step=1, mood="fails"))
            await send(context, tenant_id, *(ParcelMoved(parcel_id=one, step=1) for one in well))
            await eventually(lambda: dead_letters(context))
            for one in well:
                await eventually(lambda one=one: parcel(context, tenant_id, one))
        [letter] = await dead_letters(context)
        assert (letter.handler, letter.tenant_id, letter.type) == (
            KEEP_LATEST.name,
            tenant_id,
            ParcelMoved.wire_name,
        )
        assert letter.reason == "ValueError: this parcel cannot be handled"
        assert letter.attempts == 7
        assert letter.envelope["data"]["parcel_id"] == str(poison)
        assert await parcel(context, tenant_id, poison) is None
        # The handler beside it was not touched by that failure.
        assert sorted(await arrivals(context, tenant_id)) == sorted((one, 1) for one in [poison, *well])
        assert all(state.ready + state.in_flight + state.delayed == 0 for state in await broker.queues())

    async def test_an_unknown_version_becomes_a_dead_letter_at_once(
        self, context: ServiceContext, make_broker: MakeBroker, tenant_id: UUID
    ) -> None:
        # A queue may be bound to what an earlier or later release of the service takes.
        newer = type("ParcelMovedTwo", (ParcelMoved,), {"wire_name": "parcels.parcel_moved.v2"})
        broker = await make_broker(retry_delays=(60,))
        await broker.declare([Subscription(KEEP_LATEST.name, (ParcelMoved, newer), KEEP_LATEST.handle)])
        consumer = Consumer(context)
        await broker.consume([KEEP_LATEST], consumer.deliver, consumer.refuse)
        strange = made(newer(parcel_id=new_id(), step=1), tenant_id=tenant_id)
        unreadable = made(ParcelMoved(parcel_id=new_id(), step=1), tenant_id=tenant_id, data={"step": "x"})
        await broker.publish([strange, unreadable])

        async def both() -> bool:
            return len(await dead_letters(context)) == 2

        await eventually(both)
        reasons = {
            letter.event_id: (letter.reason, letter.attempts) for letter in await dead_letters(context)
        }
        assert reasons == {
            strange.id: ("Unreadable: unknown type or version parcels.parcel_moved.v2", 1),
            unreadable.id: (
                "Unreadable: the data of parcels.parcel_moved.v1 cannot be read: parcel_id, step",
                1,
            ),
        }

    async def test_a_second_relay_doubles_nothing_and_keeps_the_order(
        self, context: ServiceContext, broker: Broker, settings: CommonSettings, tenant_id: UUID
    ) -> None:
        other = ServiceContext(SERVICE, settings)
        ones = [new_id() for _ in range(3)]
        story = [ParcelMoved(parcel_id=one, step=step) for step in range(40) for one in ones]
        async with relaying(context, broker, batch=7), relaying(other, broker, batch=7):
            for number, event in enumerate(story):
                await send((context, other)[number % 2], tenant_id, event)
            await eventually(lambda: self._all_arrived(context, tenant_id, len(story)))
        await other.close()
        came = await arrivals(context, tenant_id)
        for one in ones:
            assert [step for parcel_id, step in came if parcel_id == one] == list(range(40))
            assert await parcel(context, tenant_id, one) == (39, 40)

    async def test_a_relay_elsewhere_is_woken_by_a_commit_here(
        self, context: ServiceContext, broker: Broker, settings: CommonSettings, tenant_id: UUID
    ) -> None:
        here = ServiceContext(SERVICE, settings)
        here.relay_is_local = False
        async with relaying(context, broker, poll=60):
            for step in (1, 2):
                await send(here, tenant_id, ParcelMoved(parcel_id=new_id(), step=step))
                await eventually(lambda step=step: self._all_arrived(context, tenant_id, step), seconds=10)
        await here.close()

    @pytest.mark.parametrize("when", ["in the handler", "before the acknowledgement"])
    async def test_a_consumer_killed_in_the_midst_has_its_effect_once(
        self,
        context: ServiceContext,
        make_broker: MakeBroker,
        tenant_id: UUID,
        given: dict[str, Any],
        when: str,
    ) -> None:
        broker = await make_broker(retry_delays=DELAYS)
        await broker.declare([KEEP_LATEST])
        mood = "kills" if when == "in the handler" else "well"
        sent = made(ParcelMoved(parcel_id=given["parcel_id"], step=1, mood=mood), tenant_id=tenant_id)
        await broker.publish([sent])
        await victim(when, **given)
        expected = None if when == "in the handler" else (1, 1)
        assert await parcel(context, tenant_id, given["parcel_id"]) == expected
        redelivered: list[Verdict] = []
        consumer = Consumer(context)

        async def deliver(subscription: Subscription, envelope: Envelope) -> Verdict:
            redelivered.append(await consumer.deliver(subscription, envelope))
            return redelivered[-1]

        await broker.consume([KEEP_LATEST], deliver, consumer.refuse)
        await eventually(lambda: redelivered == [Verdict.DONE])
        assert await parcel(context, tenant_id, given["parcel_id"]) == (1, 1)

    async def test_a_batch_of_many_tenants_has_its_effect_in_each(
        self, context: ServiceContext, make_broker: MakeBroker
    ) -> None:
        broker, tenants = await make_broker(), [new_id() for _ in range(3)]
        await broker.declare([WRITE_BATCH])
        sent = [
            made(ParcelMoved(parcel_id=new_id(), step=step), tenant_id=tenants[step % 3])
            for step in range(24)
        ]
        # Repeats among them have no effect of their own.
        await broker.publish([*sent[:5], *sent])
        consumer, batches = Consumer(context), len(BATCHES)
        await broker.consume([WRITE_BATCH], consumer.deliver, consumer.refuse, consumer.deliver_batch)

        async def all_of_them() -> bool:
            return [len(await arrivals(context, tenant)) for tenant in tenants] == [8, 8, 8]

        await eventually(all_of_them)
        assert max(BATCHES[batches:]) > 1
        for tenant in tenants:
            expected = [e for e in sent if e.tenant_id == tenant]
            assert [step for _, step in await arrivals(context, tenant)] == [e.data["step"] for e in expected]

    async def test_a_poison_message_in_a_batch_dies_alone(
        self, context: ServiceContext, make_broker: MakeBroker, tenant_id: UUID
    ) -> None:
        broker = await make_broker(retry_delays=DELAYS)
        await broker.declare([WRITE_BATCH])
        sent = [
            made(
                ParcelMoved(parcel_id=new_id(), step=step, mood="fails" if step == 5 else "well"),
                tenant_id=tenant_id,
            )
            for step in range(20)
        ]
        await broker.publish(sent)
        consumer = Consumer(context)
        await broker.consume([WRITE_BATCH], consumer.deliver, consumer.refuse, consumer.deliver_batch)
        await eventually(lambda: dead_letters(context))
        await eventually(lambda: self._all_arrived(context, tenant_id, 19))
        [letter] = await dead_letters(context)
        assert (letter.event_id, letter.handler, letter.attempts) == (sent[5].id, WRITE_BATCH.name, 7)
        assert letter.reason == "ValueError: this parcel cannot be handled"
        came = [step for _, step in await arrivals(context, tenant_id)]
        assert came == [step for step in range(20) if step != 5]

    @pytest.mark.slow
    async def test_an_event_that_every_process_dies_of_becomes_a_dead_letter_and_the_rest_flows_on(
        self, context: ServiceContext, make_broker: MakeBroker, tenant_id: UUID, given: dict[str, Any]
    ) -> None:
        broker = await make_broker()
        await broker.declare([WRITE_BATCH])
        sent = [
            made(
                ParcelMoved(parcel_id=new_id(), step=step, mood="kills" if step == 3 else "well"),
                tenant_id=tenant_id,
            )
            for step in range(12)
        ]
        await broker.publish(sent)
        # In a batch until it is seen to come back, then alone until that is seen to be of no use.
        lives = RETURNS_BEFORE_TRIAL + DEATHS_BEFORE_BURIAL
        await victim("whenever it must", lives=lives, **given)
        # Here it would have its effect: this process does not die of it.
        consumer = Consumer(context)
        await broker.consume([WRITE_BATCH], consumer.deliver, consumer.refuse, consumer.deliver_batch)
        await eventually(lambda: dead_letters(context))
        await eventually(lambda: self._all_arrived(context, tenant_id, 11))
        [letter] = await dead_letters(context)
        assert (letter.event_id, letter.handler) == (sent[3].id, WRITE_BATCH.name)
        assert letter.reason == "Deadly: the process died each of the last 3 times it was handled"
        came = [step for _, step in await arrivals(context, tenant_id)]
        assert sorted(came) == [step for step in range(12) if step != 3]

        async def empty() -> bool:
            return all(state.ready + state.in_flight == 0 for state in await broker.queues())

        await eventually(empty)

    async def test_what_a_release_takes_no_more_is_unbound(
        self,
        settings: CommonSettings,
        make_broker: MakeBroker,
        namespace: str,
        tenant_id: UUID,
    ) -> None:
        broker, url = await make_broker(), settings.service_database_url("bus")
        other = type("ParcelLost", (ParcelMoved,), {"wire_name": "parcels.parcel_lost.v1"})
        wider = Subscription(KEEP_LATEST.name, (ParcelMoved, other), KEEP_LATEST.handle)
        older = Subscription("parcels.older", (ParcelMoved,), KEEP_LATEST.handle)
        foreign = Subscription("letters.older", (ParcelMoved,), KEEP_LATEST.handle)

        async def release(service: str, *subscriptions: Subscription) -> list[str]:
            await broker.declare(subscriptions)
            return await settle_bindings(broker, url, [service], subscriptions, namespace=namespace)

        async def ready() -> dict[str, int]:
            return {state.name.removeprefix(f"{namespace}."): state.ready for state in await broker.queues()}

        def sent() -> Envelope:
            return made(ParcelMoved(parcel_id=new_id(), step=1), tenant_id=tenant_id)

        assert await release("parcels", wider, older) == []
        assert await release("letters", foreign) == []
        await broker.publish([sent()])

        async def kept() -> bool:
            return [(await ready())[s.name] for s in (KEEP_LATEST, older, foreign)] == [1, 1, 1]

        await eventually(kept)
        assert await release("parcels", KEEP_LATEST) == [
            f"{namespace}.{KEEP_LATEST.name} takes {other.wire_name} no more",
            f"{namespace}.{older.name} takes {ParcelMoved.wire_name} no more",
            f"{namespace}.{older.name} is nobody's now: delete it once nothing in it is needed",
        ]
        assert await release("parcels", KEEP_LATEST) == []
        await broker.publish([sent()])

        async def taken() -> bool:
            return [(await ready())[s.name] for s in (KEEP_LATEST, older, foreign)] == [2, 1, 2]

        await eventually(taken)
        with pytest.raises(PublishFailed):
            await broker.publish([made(other(parcel_id=new_id(), step=1), tenant_id=tenant_id)])

    async def test_a_retired_queue_gets_nothing_more_and_what_it_holds_is_handled(
        self,
        settings: CommonSettings,
        context: ServiceContext,
        make_broker: MakeBroker,
        namespace: str,
        tenant_id: UUID,
    ) -> None:
        broker, url = await make_broker(), settings.service_database_url("bus")
        older = Subscription("parcels.write_older", WRITE_BATCH.events, WRITE_BATCH.handle, batch=8)

        async def release(*subscriptions: Subscription) -> list[str]:
            await broker.declare(subscriptions)
            return await settle_bindings(broker, url, ["parcels"], subscriptions, namespace=namespace)

        async def send(step: int) -> None:
            await broker.publish([made(ParcelMoved(parcel_id=new_id(), step=step), tenant_id=tenant_id)])

        await release(older)
        await send(1)
        now = [WRITE_BATCH, retired(older.events, older.name, WRITE_BATCH.handle)]  # type: ignore[arg-type]
        assert await release(*now) == [f"{namespace}.{older.name} takes {ParcelMoved.wire_name} no more"]
        await send(2)
        # A process of the release before that starts now binds it again, and only the next step takes that away.
        await broker.declare([older])
        await release(*now)
        await send(3)

        async def kept() -> bool:
            ready = {state.name.removeprefix(f"{namespace}."): state.ready for state in await broker.queues()}
            return (ready[older.name], ready[WRITE_BATCH.name]) == (1, 2)

        await eventually(kept)
        consumer = Consumer(context)
        await broker.consume(now, consumer.deliver, consumer.refuse, consumer.deliver_batch)
        await eventually(lambda: self._all_arrived(context, tenant_id, 3))
        assert sorted(step for _, step in await arrivals(context, tenant_id)) == [1, 2, 3]

    async def test_a_dead_letter_that_died_again_is_still_one(
        self, context: ServiceContext, broker: Broker, tenant_id: UUID
    ) -> None:
        poison = made(ParcelMoved(parcel_id=new_id(), step=1, mood="fails"), tenant_id=tenant_id, attempts=6)
        consumer = Consumer(context)
        assert await consumer.deliver(KEEP_LATEST, poison) is Verdict.DONE
        # As after a crash between the dead letter's commit and the acknowledgement.
        assert await consumer.deliver(KEEP_LATEST, poison) is Verdict.DONE
        assert len(await dead_letters(context)) == 1

    @staticmethod
    async def _all_arrived(context: ServiceContext, tenant_id: UUID, count: int) -> bool:
        return len(await arrivals(context, tenant_id)) >= count
