"""Deliveries that are handled together."""

import asyncio
from collections.abc import Sequence

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Subscription
from libs.common.testing.brokers.things import (
    BATCHED,
    MakeBroker,
    Recorder,
    ids,
    joined,
    things,
)
from libs.common.testing.eventually import eventually


class BatchingSuite:
    """A part of `BrokerSuite`."""

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
