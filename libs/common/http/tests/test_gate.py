"""A gate lets in what it can, lets a burst wait, and refuses early what would wait for nothing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from libs.common.errors import Overloaded
from libs.common.http import gate as gate_module
from libs.common.http.gate import Gate


async def test_as_many_are_inside_as_the_limit_says_and_the_next_waits() -> None:
    gate = Gate(2)
    await gate.enter()
    await gate.enter()
    third = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    assert (gate.inside, third.done()) == (2, False)
    gate.leave()
    await third
    assert gate.inside == 2
    gate.leave()
    gate.leave()
    assert gate.inside == 0


async def test_those_that_wait_come_in_in_turn() -> None:
    gate = Gate(1, waiting=5)
    await gate.enter()
    came: list[int] = []

    async def visit(number: int) -> None:
        await gate.enter()
        came.append(number)
        gate.leave()

    visits = [asyncio.create_task(visit(number)) for number in range(5)]
    await asyncio.sleep(0)
    gate.leave()
    await asyncio.gather(*visits)
    assert came == [0, 1, 2, 3, 4]
    assert gate.inside == 0


async def test_a_wait_is_long_in_a_burst_and_short_once_the_queue_stays_full() -> None:
    loop = asyncio.get_running_loop()
    gate = Gate(1, patience=0.5, patience_when_busy=0.05, busy_after=0.1)
    await gate.enter()

    async def waited() -> float:
        started = loop.time()
        with pytest.raises(Overloaded):
            await gate.enter()
        return loop.time() - started

    first = asyncio.create_task(waited())
    await asyncio.sleep(0.15)
    later = await waited()
    assert later < 0.25
    assert await first >= 0.45
    assert gate.refused == 2
    gate.leave()
    assert gate.inside == 0


async def test_a_queue_has_an_end() -> None:
    gate = Gate(1, waiting=2)
    await gate.enter()
    waiting = [asyncio.create_task(gate.enter()) for _ in range(2)]
    await asyncio.sleep(0)
    assert gate.is_full
    with pytest.raises(Overloaded):
        await gate.enter()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    gate.leave()
    assert (gate.inside, gate.is_full) == (0, False)


async def test_no_place_is_lost_whatever_becomes_of_those_that_wait() -> None:
    gate = Gate(3)

    async def visit(number: int) -> None:
        await gate.enter()
        try:
            await asyncio.sleep(0.001 * (number % 7))
        finally:
            gate.leave()

    tasks = [asyncio.create_task(visit(number)) for number in range(300)]
    for round_ in range(20):
        await asyncio.sleep(0.002)
        for task in tasks[round_::37]:
            task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Overloaded):
            await task
    assert gate.inside == 0
    async with asyncio.timeout(1):
        for _ in range(3):
            await gate.enter()


def work_through(gate: Gate, takes: Callable[[int], float], count: int = 1000) -> None:
    """Many requests, of which as many are inside as the gate lets in; `takes` says how long each takes then."""
    gate.inside = 1
    gate.measure("GET things", takes(1))
    for _ in range(count):
        gate.inside = gate.limit
        gate._was_wanted = True
        gate.measure("GET things", takes(gate.inside))
    gate.inside = 0


async def test_few_are_let_in_where_they_compete_and_many_where_they_wait_for_others() -> None:
    competing, waiting = Gate(32), Gate(32)
    work_through(competing, lambda inside: 0.005 * inside)
    assert competing.limit == gate_module.LEAST
    work_through(waiting, lambda _: 1.0)
    assert waiting.limit == 32


async def test_a_limit_that_fell_rises_again() -> None:
    gate = Gate(32)
    work_through(gate, lambda inside: 0.005 * inside)
    work_through(gate, lambda _: 0.005)
    assert gate.limit == 32


async def test_a_gate_never_closes_beyond_the_least() -> None:
    gate = Gate(4)
    work_through(gate, lambda inside: 10.0 * inside)
    assert gate.limit == 4
