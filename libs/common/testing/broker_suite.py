"""What every broker does, as tests: inherit `BrokerSuite` and give it a way to make one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.messaging.broker import Broker, PublishFailed, Verdict
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.messaging.listening import Listener
from libs.common.messaging.subscription import Subscription, Taken, in_batches, on, on_everything
from libs.common.testing.eventually import eventually

# Makes a started broker in the namespace of the test; options are those of its class.
MakeBroker = Callable[..., Awaitable[Broker]]


class ThingHappened(Event):
    """An event for the suite."""

    wire_name: ClassVar[str] = "suite.thing_happened.v1"
    about: ClassVar[tuple[str, str]] = ("thing", "thing_id")

    thing_id: UUID
    step: int = 0


class OtherHappened(Event):
    """Another event for the suite."""

    wire_name: ClassVar[str] = "suite.other_happened.v1"
    is_broadcast: ClassVar[bool] = True
    about: ClassVar[tuple[str, str]] = ("thing", "thing_id")

    thing_id: UUID
    step: int = 0
    note: str = ""


async def unused(event: Any, uow: Any, envelope: Envelope) -> None:
    """The suite decides in `deliver`; no handler of a subscription is called."""
    raise AssertionError("the broker calls deliver, never a handler")


async def unused_batch(taken: Sequence[Taken], uow: Any) -> None:
    """As `unused`, for batches."""
    raise AssertionError("the broker calls deliver_batch, never a handler")


THINGS = on(ThingHappened, "suite.things", unused)
MORE_THINGS = on((ThingHappened, OtherHappened), "suite.more_things", unused)
EVERYTHING = on_everything("suite.everything", unused)
BATCHED = in_batches((ThingHappened,), "suite.batched", unused_batch, size=5)


def made(event: Event, **changes: Any) -> Envelope:
    """The envelope of an event."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": event.wire_name,
        "source": "suite",
        "subject": event.subject,
        "time": datetime.now(UTC),
        "tenant_id": new_id(),
        "data": event.model_dump(mode="json"),
    }
    return Envelope(**{**fields, **changes})


def things(count: int, thing_id: UUID | None = None) -> list[Envelope]:
    """So many envelopes, of one thing or of one each."""
    return [made(ThingHappened(thing_id=thing_id or new_id(), step=step)) for step in range(count)]


class Recorder:
    """Takes deliveries: keeps what came, and answers what `decide` says (DONE unless told otherwise)."""

    def __init__(self, decide: Callable[[Subscription, Envelope], Verdict] | None = None) -> None:
        self.got: list[tuple[str, Envelope]] = []
        self.refused: list[tuple[str, bytes, str]] = []
        self.batches: list[int] = []
        self._decide = decide

    async def deliver(self, subscription: Subscription, envelope: Envelope) -> Verdict:
        """Keep it and answer."""
        self.got.append((subscription.name, envelope))
        return self._decide(subscription, envelope) if self._decide else Verdict.DONE

    async def deliver_batch(
        self, subscription: Subscription, envelopes: Sequence[Envelope]
    ) -> Sequence[Verdict]:
        """Keep them and their number, and answer for each."""
        self.batches.append(len(envelopes))
        return [await self.deliver(subscription, envelope) for envelope in envelopes]

    async def refuse(
        self, subscription: Subscription, body: bytes, attributes: dict[str, object], reason: str
    ) -> None:
        """Keep what is no envelope."""
        self.refused.append((subscription.name, body, reason))

    def ids(self, subscription: Subscription) -> list[UUID]:
        """What came for a subscription, in order."""
        return [envelope.id for name, envelope in self.got if name == subscription.name]

    def attempts(self, subscription: Subscription) -> list[int]:
        """How many attempts had failed before each delivery."""
        return [envelope.attempts for name, envelope in self.got if name == subscription.name]


async def joined(broker: Broker, recorder: Recorder, *subscriptions: Subscription) -> None:
    """Declare and consume."""
    await broker.declare(subscriptions)
    await broker.consume(subscriptions, recorder.deliver, recorder.refuse, recorder.deliver_batch)


def ids(envelopes: Sequence[Envelope]) -> list[UUID]:
    """The ids of envelopes."""
    return [envelope.id for envelope in envelopes]


class Ear:
    """A listener at work, and what it heard."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.heard: list[tuple[str, dict[str, Any] | None]] = []
        self.lost: ConnectionError | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, *types: str) -> "Ear":
        """Listen from when this returns."""
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._listen(types, begun))
        async with asyncio.timeout(15):
            await begun.wait()
        return self

    async def _listen(self, types: Sequence[str], begun: asyncio.Event) -> None:
        try:
            await self.listener.listen(types, lambda *event: self.heard.append(event), begun.set)
        except ConnectionError as error:
            self.lost = error

    async def end(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class BrokerSuite:
    """The behaviour of a broker; a subclass overrides the fixtures."""

    @pytest.fixture
    def make_listener(self) -> Callable[[], Listener]:
        """Makes listeners on the server and in the namespace of the test."""
        raise NotImplementedError

    @pytest.fixture
    async def ear(self, make_listener: Callable[[], Listener]) -> AsyncIterator[Callable[[], Ear]]:
        """Makes ears that are closed at the end."""
        made: list[Ear] = []

        def make() -> Ear:
            made.append(Ear(make_listener()))
            return made[-1]

        yield make
        for one in made:
            await one.end()

    async def test_everyone_who_listens_hears_broadcast_events_and_nobody_hears_others(
        self, make_broker: MakeBroker, ear: Callable[[], Ear]
    ) -> None:
        broker = await make_broker()
        await broker.declare([MORE_THINGS])
        one = await ear().begin(OtherHappened.wire_name)
        two = await ear().begin(OtherHappened.wire_name)
        deaf = await ear().begin("suite.nothing.v1")
        events = [OtherHappened(thing_id=new_id(), step=step) for step in range(3)]

        await broker.publish([*things(2), *map(made, events)])

        for each in (one, two, deaf):
            # Behind everything that was published.
            await each.listener.check()
        expected = [(e.wire_name, e.model_dump(mode="json")) for e in events]
        assert one.heard == two.heard == expected
        assert deaf.heard == []

    async def test_what_is_published_while_nobody_listens_is_never_heard(
        self, make_broker: MakeBroker, ear: Callable[[], Ear]
    ) -> None:
        broker = await make_broker()
        await broker.declare([MORE_THINGS])
        listener = ear()
        with pytest.raises(ConnectionError):
            await listener.listener.check()
        await broker.publish([made(OtherHappened(thing_id=new_id()))])

        await listener.begin(OtherHappened.wire_name)
        await listener.listener.check()
        assert listener.heard == []
        await listener.end()
        with pytest.raises(ConnectionError):
            await listener.listener.check()
        await broker.publish([made(OtherHappened(thing_id=new_id()))])
        await listener.begin(OtherHappened.wire_name)
        await listener.listener.check()

        assert listener.heard == []

    async def test_a_large_event_is_heard_at_least_by_its_name(
        self, make_broker: MakeBroker, ear: Callable[[], Ear]
    ) -> None:
        broker = await make_broker()
        await broker.declare([MORE_THINGS])
        listener = await ear().begin(OtherHappened.wire_name)

        await broker.publish([made(OtherHappened(thing_id=new_id(), note="é" * 5_000))])

        await listener.listener.check()
        ((name, data),) = listener.heard
        assert name == OtherHappened.wire_name
        assert data is None or len(data["note"]) == 5_000

    @pytest.fixture
    def make_broker(self) -> MakeBroker:
        """Makes started brokers that share the server and the namespace of the test."""
        raise NotImplementedError

    @pytest.fixture
    def inject(self) -> Callable[[Subscription, bytes], Awaitable[None]]:
        """Puts a body that is no envelope into a queue, past the broker."""
        raise NotImplementedError

    async def test_an_event_reaches_each_subscription_that_takes_it_and_no_other(
        self, make_broker: MakeBroker
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS, MORE_THINGS, EVERYTHING)
        thing, other = made(ThingHappened(thing_id=new_id())), made(OtherHappened(thing_id=new_id()))
        await broker.publish([thing, other])
        await eventually(lambda: len(recorder.got) == 5)
        assert recorder.ids(THINGS) == [thing.id]
        assert sorted(recorder.ids(MORE_THINGS)) == sorted(recorder.ids(EVERYTHING)) == [thing.id, other.id]

    async def test_an_envelope_arrives_as_it_was_sent(self, make_broker: MakeBroker) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        full = made(
            ThingHappened(thing_id=new_id(), step=3),
            actor=f"user:{new_id()}",
            correlation_id="called-by-käthe",
            causation_id=str(new_id()),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            origin="203.0.113.7 host Kiosk/2",
        )
        bare = made(ThingHappened(thing_id=new_id()))
        await broker.publish([full, bare])
        await eventually(lambda: len(recorder.got) == 2)
        assert {envelope.id: envelope for _, envelope in recorder.got} == {full.id: full, bare.id: bare}

    async def test_events_are_kept_for_a_declared_subscription_that_consumes_later(
        self, make_broker: MakeBroker
    ) -> None:
        first, sent = await make_broker(), things(20)
        await first.declare([THINGS])
        await first.publish(sent)
        await first.stop()
        second, recorder = await make_broker(), Recorder()
        await joined(second, recorder, THINGS)
        await eventually(lambda: len(recorder.got) == 20)
        assert sorted(recorder.ids(THINGS)) == ids(sent)

    async def test_an_event_that_no_queue_takes_is_named_as_not_published(
        self, make_broker: MakeBroker
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        taken, untaken = made(ThingHappened(thing_id=new_id())), made(OtherHappened(thing_id=new_id()))
        with pytest.raises(PublishFailed) as failure:
            await broker.publish([taken, untaken])
        assert failure.value.event_ids == frozenset({untaken.id})
        await eventually(lambda: recorder.ids(THINGS) == [taken.id])
        # Declared meanwhile, the same event goes through: it was not taken for a repeat.
        await joined(broker, recorder, MORE_THINGS)
        await broker.publish([untaken])
        await eventually(lambda: recorder.ids(MORE_THINGS) == [untaken.id])

    async def test_a_failed_delivery_comes_back_after_its_delay_with_the_attempts_counted(
        self, make_broker: MakeBroker
    ) -> None:
        loop, times = asyncio.get_running_loop(), list[float]()

        def decide(_: Subscription, envelope: Envelope) -> Verdict:
            times.append(loop.time())
            return Verdict.RETRY if envelope.attempts < 3 else Verdict.DONE

        broker, recorder = await make_broker(retry_delays=(0.05, 0.3)), Recorder(decide)
        await joined(broker, recorder, THINGS)
        await broker.publish(things(1))
        await eventually(lambda: len(times) == 4)
        assert recorder.attempts(THINGS) == [0, 1, 2, 3]
        waits = [after - before for before, after in pairwise(times)]
        assert waits[0] >= 0.04
        # After the last delay of the list, that one is used again.
        assert waits[1] >= 0.29
        assert waits[2] >= 0.29

    async def test_a_released_delivery_comes_back_uncounted(self, make_broker: MakeBroker) -> None:
        broker = await make_broker()
        recorder = Recorder(lambda *_: Verdict.RELEASE if len(recorder.got) < 3 else Verdict.DONE)
        await joined(broker, recorder, THINGS)
        await broker.publish(things(1))
        await eventually(lambda: len(recorder.got) == 3)
        assert recorder.attempts(THINGS) == [0, 0, 0]

    async def test_a_failing_subscription_does_not_hold_up_another(self, make_broker: MakeBroker) -> None:
        broker = await make_broker(retry_delays=(0.05,))
        recorder = Recorder(lambda s, _: Verdict.RETRY if s is THINGS else Verdict.DONE)
        await joined(broker, recorder, THINGS, EVERYTHING)
        sent = things(10)
        await broker.publish(sent)
        await eventually(lambda: max(recorder.attempts(THINGS), default=0) >= 3)
        assert sorted(recorder.ids(EVERYTHING)) == ids(sent)

    async def test_an_exception_in_deliver_puts_the_message_back(self, make_broker: MakeBroker) -> None:
        def decide(_: Subscription, __: Envelope) -> Verdict:
            if len(recorder.got) == 1:
                raise RuntimeError("a mistake")
            return Verdict.DONE

        broker, recorder = await make_broker(), Recorder(decide)
        await joined(broker, recorder, THINGS)
        sent = things(1)
        await broker.publish(sent)
        await eventually(lambda: recorder.ids(THINGS) == ids(sent) * 2)

    async def test_events_of_one_subject_are_handled_in_the_order_in_which_they_were_published(
        self, make_broker: MakeBroker
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        sent = [
            made(ThingHappened(thing_id=thing, step=step))
            for thing in (new_id(), new_id())
            for step in range(40)
        ]
        await broker.publish(sent[:60])
        await broker.publish(sent[60:])
        await eventually(lambda: len(recorder.got) == 80)
        for subject in {envelope.subject for envelope in sent}:
            came = [envelope.id for _, envelope in recorder.got if envelope.subject == subject]
            assert came == [envelope.id for envelope in sent if envelope.subject == subject]

    async def test_two_consumers_share_a_queue_and_handle_nothing_twice(
        self, make_broker: MakeBroker
    ) -> None:
        one, two, recorder = await make_broker(prefetch=5), await make_broker(prefetch=5), Recorder()
        await joined(one, recorder, THINGS)
        await joined(two, recorder, THINGS)
        sent = things(200)
        await one.publish(sent)
        await eventually(lambda: len(recorder.got) >= 200)
        assert sorted(recorder.ids(THINGS)) == ids(sent)

    async def test_no_more_handlers_run_at_once_than_allowed(self, make_broker: MakeBroker) -> None:
        running, most, done = 0, 0, 0

        async def deliver(_: Subscription, __: Envelope) -> Verdict:
            nonlocal running, most, done
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            done += 1
            return Verdict.DONE

        broker = await make_broker(concurrency=4)
        await broker.declare([THINGS, EVERYTHING])
        await broker.consume([THINGS, EVERYTHING], deliver, Recorder().refuse)
        await broker.publish(things(50))
        await eventually(lambda: done == 100)
        assert most <= 4

    async def test_a_slow_subscription_leaves_room_for_others(self, make_broker: MakeBroker) -> None:
        held, recorder = asyncio.Event(), Recorder()

        async def deliver(subscription: Subscription, envelope: Envelope) -> Verdict:
            if subscription is THINGS:
                await held.wait()
            return await recorder.deliver(subscription, envelope)

        broker = await make_broker(concurrency=4)
        await broker.declare([THINGS, EVERYTHING])
        await broker.consume([THINGS, EVERYTHING], deliver, recorder.refuse)
        sent = things(20)
        await broker.publish(sent)
        await eventually(lambda: len(recorder.ids(EVERYTHING)) == 20)
        assert recorder.ids(THINGS) == []
        held.set()
        await eventually(lambda: len(recorder.ids(THINGS)) == 20)

    async def test_stop_waits_for_running_handlers_and_leaves_the_rest_to_others(
        self, make_broker: MakeBroker
    ) -> None:
        held, started, ended = asyncio.Event(), list[UUID](), list[UUID]()

        async def deliver(_: Subscription, envelope: Envelope) -> Verdict:
            started.append(envelope.id)
            await held.wait()
            ended.append(envelope.id)
            return Verdict.DONE

        first = await make_broker(concurrency=2)
        await first.declare([THINGS])
        await first.consume([THINGS], deliver, Recorder().refuse)
        sent = things(10)
        await first.publish(sent)
        await eventually(lambda: started)
        stopping = asyncio.create_task(first.stop())
        await asyncio.sleep(0)
        held.set()
        await stopping
        assert ended == started
        second, recorder = await make_broker(), Recorder()
        await joined(second, recorder, THINGS)
        await eventually(lambda: len(recorder.got) + len(ended) >= 10)
        assert sorted(recorder.ids(THINGS) + ended) == ids(sent)

    async def test_a_backlog_comes_in_batches_in_its_order(self, make_broker: MakeBroker) -> None:
        first, sent = await make_broker(), things(60, new_id())
        await first.declare([BATCHED])
        await first.publish(sent)
        held, recorder = asyncio.Event(), Recorder()

        async def deliver_batch(
            subscription: Subscription, envelopes: Sequence[Envelope]
        ) -> Sequence[Verdict]:
            await held.wait()
            return await recorder.deliver_batch(subscription, envelopes)

        second = await make_broker(prefetch=1)
        await second.consume([BATCHED], recorder.deliver, recorder.refuse, deliver_batch)

        async def in_hand() -> int:
            return sum(state.in_flight for state in await second.queues())

        # One batch and the next, whatever else the prefetch is, and no more than that.
        async def two_batches() -> bool:
            return await in_hand() == 2 * BATCHED.batch

        await eventually(two_batches)
        held.set()
        await eventually(lambda: len(recorder.got) == 60)
        assert recorder.ids(BATCHED) == ids(sent)
        assert max(recorder.batches) == BATCHED.batch
        assert sum(recorder.batches) == 60

    async def test_a_batch_waits_for_no_more_to_come(self, make_broker: MakeBroker) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, BATCHED)
        await broker.publish(things(1))
        await eventually(lambda: recorder.batches == [1])
        await broker.publish(things(1))
        await eventually(lambda: recorder.batches == [1, 1])

    async def test_what_comes_while_a_batch_is_handled_is_the_next_one(self, make_broker: MakeBroker) -> None:
        held, recorder = asyncio.Event(), Recorder()

        async def deliver_batch(
            subscription: Subscription, envelopes: Sequence[Envelope]
        ) -> Sequence[Verdict]:
            verdicts = await recorder.deliver_batch(subscription, envelopes)
            await held.wait()
            return verdicts

        broker, sent = await make_broker(), things(4)
        await broker.declare([BATCHED])
        await broker.consume([BATCHED], recorder.deliver, recorder.refuse, deliver_batch)
        await broker.publish(sent[:1])
        await eventually(lambda: recorder.batches == [1])
        await broker.publish(sent[1:])

        async def all_in_hand() -> bool:
            [state] = [state for state in await broker.queues() if state.name.endswith(BATCHED.name)]
            return state.in_flight == 4

        await eventually(all_in_hand)
        held.set()
        await eventually(lambda: len(recorder.got) == 4)
        assert recorder.batches == [1, 3]

    async def test_each_of_a_batch_has_a_verdict_of_its_own(self, make_broker: MakeBroker) -> None:
        sent = things(5)
        odd = {envelope.id: n for n, envelope in enumerate(sent)}

        def decide(_: Subscription, envelope: Envelope) -> Verdict:
            seen = recorder.ids(BATCHED).count(envelope.id)
            if odd[envelope.id] == 1 and envelope.attempts < 1:
                return Verdict.RETRY
            return Verdict.RELEASE if odd[envelope.id] == 3 and seen < 2 else Verdict.DONE

        first = await make_broker(retry_delays=(0.05,))
        await first.declare([BATCHED])
        await first.publish(sent)
        recorder = Recorder(decide)
        await joined(first, recorder, BATCHED)
        await eventually(lambda: len(recorder.got) == 7)
        seen = {n: recorder.ids(BATCHED).count(envelope.id) for n, envelope in enumerate(sent)}
        assert seen == {0: 1, 1: 2, 2: 1, 3: 2, 4: 1}
        assert sum(recorder.attempts(BATCHED)) == 1

        async def empty() -> bool:
            return all(state.ready + state.in_flight + state.delayed == 0 for state in await first.queues())

        await eventually(empty)

    async def test_without_a_way_to_take_batches_they_come_one_by_one(self, make_broker: MakeBroker) -> None:
        broker, recorder, sent = await make_broker(), Recorder(), things(12, new_id())
        await broker.declare([BATCHED])
        await broker.consume([BATCHED], recorder.deliver, recorder.refuse)
        await broker.publish(sent)
        await eventually(lambda: recorder.ids(BATCHED) == ids(sent))
        assert recorder.batches == []

    async def test_a_message_that_is_no_envelope_is_refused_once_and_others_flow_on(
        self, make_broker: MakeBroker, inject: Callable[[Subscription, bytes], Awaitable[None]]
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await broker.declare([THINGS])
        await inject(THINGS, b'{"no": "envelope"}')
        await broker.consume([THINGS], recorder.deliver, recorder.refuse)
        await broker.publish(things(3))
        await eventually(lambda: len(recorder.got) == 3 and recorder.refused)
        [(name, body, reason)] = recorder.refused
        assert (name, body.replace(b" ", b"")) == (THINGS.name, b'{"no":"envelope"}')
        assert reason

    async def test_a_message_is_kept_until_its_refusal_succeeds(
        self, make_broker: MakeBroker, inject: Callable[[Subscription, bytes], Awaitable[None]]
    ) -> None:
        tries = list[bytes]()

        async def refuse(_: Subscription, body: bytes, __: dict[str, object], ___: str) -> None:
            tries.append(body)
            if len(tries) < 2:
                raise ConnectionError("the database is away")

        broker = await make_broker()
        await broker.declare([THINGS])
        await inject(THINGS, b'{"no": "envelope"}')
        await broker.consume([THINGS], Recorder().deliver, refuse)
        await eventually(lambda: len(tries) == 2)

    async def test_queues_tell_what_waits(self, make_broker: MakeBroker) -> None:
        broker = await make_broker(retry_delays=(60,))
        await broker.declare([THINGS, MORE_THINGS])
        await broker.publish(things(3))

        async def ready() -> dict[str, int]:
            return {
                state.name.partition(".")[2]: state.ready for state in await broker.queues() if state.ready
            }

        async def counted() -> bool:
            return await ready() == {THINGS.name: 3, MORE_THINGS.name: 3}

        await eventually(counted)
        recorder = Recorder(lambda *_: Verdict.RETRY)
        await broker.consume([THINGS], recorder.deliver, recorder.refuse)

        async def delayed() -> bool:
            return (
                sum(state.delayed for state in await broker.queues()) == 3
                and THINGS.name not in await ready()
            )

        await eventually(delayed)

    async def test_it_is_healthy_from_start_to_stop(self, make_broker: MakeBroker) -> None:
        broker = await make_broker()
        assert await broker.healthy()
        await broker.stop()
        assert not await broker.healthy()
        with pytest.raises(PublishFailed):
            await broker.publish(things(1))

    async def test_starting_again_does_no_harm(self, make_broker: MakeBroker) -> None:
        broker, recorder = await make_broker(), Recorder()
        await broker.start()
        await joined(broker, recorder, THINGS)
        await broker.declare([THINGS])
        await broker.publish(things(1))
        await eventually(lambda: len(recorder.got) == 1)
