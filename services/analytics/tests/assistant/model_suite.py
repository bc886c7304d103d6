"""What every client of a language model must do, run against each of them over HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from libs.common.clock import SystemClock
from services.analytics.assistant.providers import errors
from services.analytics.assistant.providers.api import TRIES, Api
from services.analytics.assistant.providers.base import (
    Done,
    End,
    Event,
    LanguageModel,
    ProviderFailed,
    Request,
    Said,
    TextDelta,
    ToolCall,
    ToolOutput,
    ToolSpec,
    Usage,
)
from services.analytics.assistant.providers.simulator.server import KEY, Simulator

TOOL = ToolSpec("dashboard", "Figures", {"type": "object", "properties": {}, "additionalProperties": False})
FIGURES = '{"figures":[{"label":"Revenue","value":"ZAR 1,250.00","unit":null}]}'
Make = Callable[[Api, str], LanguageModel]


def asking(*items: Any, may_call: bool = True) -> Request:
    """A request with one tool."""
    return Request("Be brief.", [Said("user", "How much?"), *items], [TOOL], 100, may_call)


async def said(model: LanguageModel, request: Request) -> list[Event]:
    """All events of a reply."""
    async with asyncio.timeout(10):
        return [event async for event in model.complete(request)]


def text_of(events: list[Event]) -> str:
    """The words of a reply."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class ModelSuite:
    """The method `make` says which client."""

    def make(self, api: Api, model: str) -> LanguageModel:
        """The client of a model."""
        raise NotImplementedError

    @asynccontextmanager
    async def opened(
        self, model: str, *, key: str = KEY, url: str | None = None, silence: float = 5
    ) -> AsyncIterator[tuple[LanguageModel, Simulator, list[float]]]:
        """A client, the simulator, and how long it slept."""
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        async with Simulator().running() as simulator:
            api = Api(url or simulator.url, key, SystemClock(), silence=silence, first_wait=0.5, sleep=sleep)
            client = self.make(api, model)
            yield client, simulator, slept
            await client.close()

    async def fails(self, model: str, **options: Any) -> tuple[str, int, list[float]]:
        """Why there is no reply, how often it was asked for, and how long it slept."""
        async with self.opened(model, **options) as (client, simulator, slept):
            with pytest.raises(ProviderFailed) as failure:
                await said(client, asking())
            assert KEY not in str(failure.value)
            return str(failure.value), len(simulator.requests), slept

    async def test_figures_are_asked_for_and_worded(self) -> None:
        async with self.opened("sim") as (client, simulator, _):
            events = await said(client, asking())
            [call] = [event for event in events if isinstance(event, ToolCall)]
            told = await said(client, asking(call, ToolOutput(call.id, FIGURES)))

            assert (call.name, call.arguments) == ("dashboard", "{}")
            assert text_of(told) == "Here is what I found:\n- Revenue: ZAR 1,250.00"
            assert told[-1] == Done(End.COMPLETE)
            assert Usage(120, 30) in told
            assert len(simulator.requests) == 2

    async def test_without_leave_to_call_there_are_words(self) -> None:
        async with self.opened("sim") as (client, _, _):
            events = await said(client, asking(may_call=False))

        assert text_of(events) == "I see no figures."

    async def test_malformed_arguments_come_as_they_are(self) -> None:
        async with self.opened("sim-malformed") as (client, _, _):
            events = await said(client, asking())

        assert ToolCall("call_0", "dashboard", '{"period": ') in events

    @pytest.mark.parametrize(("model", "end"), [("sim-incomplete", End.LENGTH), ("sim-filtered", End.FILTER)])
    async def test_a_reply_that_is_not_whole_says_so(self, model: str, end: End) -> None:
        async with self.opened(model) as (client, _, _):
            events = await said(client, asking(may_call=False))

        assert events[-1] == Done(end)

    @pytest.mark.parametrize(
        ("model", "reason", "tries"),
        [
            ("sim-400", errors.REFUSED, 1),
            ("sim-404", errors.NO_MODEL, 1),
            ("sim-429", errors.BUSY, TRIES),
            ("sim-429-long", errors.BUSY, 1),
            # More calls would not bring money.
            ("sim-429-quota", errors.NO_CREDIT, 1),
            ("sim-500", errors.FAULT, TRIES),
            ("sim-503", errors.BUSY, TRIES),
            ("sim-never", errors.FAULT, 1),
            ("sim-garbled", errors.GARBLED, 1),
        ],
    )
    async def test_refusals_are_told_in_plain_words_and_repeated_where_that_helps(
        self, model: str, reason: str, tries: int
    ) -> None:
        assert (await self.fails(model))[:2] == (reason, tries)

    async def test_a_wrong_key_is_not_tried_again(self) -> None:
        assert (await self.fails("sim", key="wrong"))[:2] == (errors.BAD_KEY, 1)

    @pytest.mark.parametrize(("model", "seconds"), [("sim-429-after", 1.0), ("sim-429-ms", 0.25)])
    async def test_it_waits_as_long_as_it_is_asked_to(self, model: str, seconds: float) -> None:
        assert (await self.fails(model))[2] == [seconds] * (TRIES - 1)

    async def test_waits_of_its_own_grow_and_differ(self) -> None:
        _, _, (first, second) = await self.fails("sim-500")

        assert 0.375 <= first <= 0.5
        assert 0.75 <= second <= 1.0

    @pytest.mark.parametrize("model", ["sim-500-once", "sim-429-ms-once"])
    async def test_what_passes_does_no_harm(self, model: str) -> None:
        async with self.opened(model) as (client, simulator, slept):
            events = await said(client, asking(may_call=False))

            assert text_of(events) == "I see no figures."
            assert (len(simulator.requests), len(slept)) == (2, 1)

    async def test_a_slow_first_byte_is_given_up(self) -> None:
        assert (await self.fails("sim-slow", silence=0.05))[:2] == (errors.LATE, 1)

    async def test_where_nobody_listens_it_is_away(self) -> None:
        reason, _, slept = await self.fails("sim", url="http://127.0.0.1:9/v1")

        assert (reason, len(slept)) == (errors.AWAY, TRIES - 1)

    async def test_many_at_once_wait_for_each_other(self) -> None:
        async with self.opened("sim") as (client, simulator, slept):
            replies = await asyncio.gather(*(said(client, asking()) for _ in range(50)))

            assert all(reply[-1] == Done(End.COMPLETE) for reply in replies)
            assert (len(simulator.requests), slept) == (50, [])

    async def test_after_failures_in_a_row_it_is_left_alone(self) -> None:
        async with self.opened("sim-500") as (client, simulator, _):
            for _ in range(3):
                with pytest.raises(ProviderFailed):
                    await said(client, asking())

            assert len(simulator.requests) == 5
