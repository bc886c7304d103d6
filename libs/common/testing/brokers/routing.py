"""Where events go, and in which order."""

import pytest

from libs.common.ids import new_id
from libs.common.messaging.broker import PublishFailed, Verdict
from libs.common.testing.brokers.things import (
    EVERYTHING,
    MORE_THINGS,
    THINGS,
    MakeBroker,
    OtherHappened,
    Recorder,
    ThingHappened,
    ids,
    joined,
    made,
    things,
)
from libs.common.testing.eventually import eventually


class RoutingSuite:
    """A part of `BrokerSuite`."""

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
