"""What becomes of a delivery: done, tried again, put back, refused."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

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


class VerdictSuite:
    """A part of `BrokerSuite`."""

    @pytest.fixture
    def inject(self) -> Callable[[Subscription, bytes], Awaitable[None]]:
        """Puts a body that is no envelope into a queue, past the broker."""
        raise NotImplementedError

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
