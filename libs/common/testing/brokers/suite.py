"""What every broker does, as tests: inherit `BrokerSuite` and give it a way to make one."""

import pytest

from libs.common.messaging.broker import PublishFailed
from libs.common.testing.brokers.batching import BatchingSuite
from libs.common.testing.brokers.listening import ListeningSuite
from libs.common.testing.brokers.routing import RoutingSuite
from libs.common.testing.brokers.sharing import SharingSuite
from libs.common.testing.brokers.things import THINGS, MakeBroker, Recorder, joined, things
from libs.common.testing.brokers.verdicts import VerdictSuite
from libs.common.testing.eventually import eventually


class BrokerSuite(RoutingSuite, VerdictSuite, SharingSuite, BatchingSuite, ListeningSuite):
    """The behaviour of a broker; a subclass overrides the fixtures."""

    @pytest.fixture
    def make_broker(self) -> MakeBroker:
        """Makes started brokers that share the server and the namespace of the test."""
        raise NotImplementedError

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
