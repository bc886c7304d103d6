"""Who works on what at the same time, and what is left to others."""

import asyncio
from uuid import UUID

from libs.common.messaging.broker import Verdict
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Subscription
from libs.common.testing.brokers.things import (
    EVERYTHING,
    THINGS,
    MakeBroker,
    Recorder,
    ids,
    joined,
    things,
)
from libs.common.testing.eventually import eventually


class SharingSuite:
    """A part of `BrokerSuite`."""

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
