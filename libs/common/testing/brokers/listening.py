"""Events that everybody hears who listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from libs.common.ids import new_id
from libs.common.messaging.listening import Listener
from libs.common.testing.brokers.things import (
    MORE_THINGS,
    MakeBroker,
    OtherHappened,
    made,
    things,
)


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


class ListeningSuite:
    """A part of `BrokerSuite`."""

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
