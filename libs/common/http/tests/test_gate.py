"""A gate lets in what it can, lets a burst wait, and refuses early what would wait for nothing."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from statistics import quantiles

import pytest

from libs.common.errors import Overloaded
from libs.common.http import gate as gate_module
from libs.common.http.gate import Gate
from libs.common.testing.in_no_time import in_no_time


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


async def test_a_queue_has_an_end() -> None:
    gate = Gate(1, waiting=2)
    await gate.enter()
    waiting = [asyncio.create_task(gate.enter()) for _ in range(2)]
    await asyncio.sleep(0)
    assert gate.is_full
    with pytest.raises(Overloaded):
        await gate.enter()
    with pytest.raises(Overloaded):
        gate.knock()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    gate.leave()
    assert (gate.inside, gate.is_full) == (0, False)


def test_no_place_is_lost_whatever_becomes_of_those_that_wait() -> None:
    gate = Gate(3)

    async def visit(number: int) -> None:
        await gate.enter()
        try:
            await asyncio.sleep(0.001 * (number % 7))
        finally:
            gate.leave()

    async def many_who_leave() -> None:
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

    in_no_time(many_who_leave())


async def test_a_place_that_is_given_to_one_who_leaves_in_the_same_moment_is_not_lost() -> None:
    gate = Gate(1)
    await gate.enter()
    waiting = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    gate.leave()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gate.inside == 0


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


class Worked:
    """A service of one core behind a gate: `rate` requests a second, however many are inside."""

    def __init__(self, rate: float = 200) -> None:
        self.rate = rate
        self.gate = Gate(48)
        self.is_there = asyncio.Event()
        self.is_there.set()
        self.took: list[float] = []
        self.waited_in_vain: list[float] = []
        self.knocked_in_vain = 0

    async def visit(self) -> bool:
        """One request; whether it was served."""
        clock = asyncio.get_running_loop().time
        came = clock()
        try:
            self.gate.knock()
        except Overloaded:
            self.knocked_in_vain += 1
            return False
        try:
            await self.gate.enter()
        except Overloaded:
            self.waited_in_vain.append(clock() - came)
            return False
        entered = clock()
        await self.is_there.wait()
        await asyncio.sleep(self.gate.inside / self.rate)
        self.gate.measure("POST things", clock() - entered)
        self.gate.leave()
        self.took.append(clock() - came)
        return True

    async def by_the_clock(self, times: float, seconds: float) -> None:
        """So many times what it can hold, whatever becomes of it."""
        tasks = []
        for _ in range(round(times * self.rate * seconds)):
            tasks.append(asyncio.create_task(self.visit()))
            await asyncio.sleep(1 / (times * self.rate))
        await asyncio.gather(*tasks)

    async def in_turns(self, clients: int, seconds: float) -> None:
        """So many clients, each of which comes again once it was answered."""
        end = asyncio.get_running_loop().time() + seconds

        async def client() -> None:
            while asyncio.get_running_loop().time() < end:
                if not await self.visit():
                    await asyncio.sleep(1)

        await asyncio.gather(*(client() for _ in range(clients)))

    @property
    def refused(self) -> int:
        """How many were not served."""
        return self.knocked_in_vain + len(self.waited_in_vain)

    @property
    def p99(self) -> float:
        """Of those that were served, in seconds."""
        return quantiles(self.took, n=100)[98]


def test_at_three_times_the_load_it_serves_all_it_can_about_as_fast_as_at_its_limit() -> None:
    async def compare() -> None:
        full, much = Worked(), Worked()
        await full.in_turns(24, 10)
        await much.by_the_clock(3, 20)
        assert full.refused == 0
        assert len(much.took) > 0.95 * 20 * much.rate
        assert much.p99 < 2.5 * full.p99 < 0.4
        # Most of what is refused is refused before anything was spent on it.
        assert much.knocked_in_vain > 0.8 * much.refused

    in_no_time(compare())


def test_once_the_load_is_gone_it_serves_again_at_once() -> None:
    async def recover() -> None:
        worked = Worked()
        await worked.by_the_clock(5, 10)
        before = worked.refused
        worked.took.clear()
        await asyncio.sleep(0.5)
        await worked.by_the_clock(0.8, 10)
        assert (worked.refused, worked.gate.inside) == (before, 0)
        assert worked.p99 < 0.25

    in_no_time(recover())


def test_an_overload_of_long_ago_sheds_nobody() -> None:
    async def sale() -> None:
        worked = Worked()
        await worked.by_the_clock(3, 10)
        before = worked.refused
        await asyncio.sleep(3600)
        await asyncio.gather(*(worked.visit() for _ in range(300)))
        assert worked.refused == before

    in_no_time(sale())


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_burst_that_can_be_served_within_patience_is_served_as_a_whole(seconds: float) -> None:
    async def burst() -> None:
        worked = Worked(rate=120)

        async def come(number: int) -> None:
            await asyncio.sleep(number / 300 * seconds)
            await worked.visit()

        for _ in range(3):
            await asyncio.gather(*(come(number) for number in range(300)))
            await asyncio.sleep(1)
        assert (len(worked.took), worked.refused) == (900, 0)

    in_no_time(burst())


@pytest.mark.parametrize(("rate", "clients"), [(200, 150), (20, 30)])
def test_clients_that_wait_for_their_answers_are_all_served_in_turn(rate: float, clients: int) -> None:
    async def crowd() -> None:
        worked = Worked(rate)
        await worked.in_turns(clients, 20)
        assert worked.refused == 0
        assert worked.p99 < 2.5

    in_no_time(crowd())


def test_a_crowd_too_large_for_patience_is_served_as_far_as_may_be() -> None:
    async def crowd() -> None:
        worked = Worked(rate=100)
        await worked.in_turns(1000, 10)
        assert len(worked.took) > 0.9 * 10 * worked.rate
        assert worked.p99 < gate_module.PATIENCE_SECONDS

    in_no_time(crowd())


@pytest.mark.parametrize(("away", "rate"), [(4.0, 60), (2.0, 40)])
def test_a_restart_under_load_refuses_nobody_who_waits_for_an_answer(away: float, rate: float) -> None:
    async def restart() -> None:
        worked = Worked(rate)

        async def be_replaced() -> None:
            for _ in range(3):
                await asyncio.sleep(6)
                worked.is_there.clear()
                await asyncio.sleep(away)
                worked.rate = rate / 2
                worked.is_there.set()
                await asyncio.sleep(3)
                worked.rate = rate

        replaced = asyncio.create_task(be_replaced())
        await worked.in_turns(100, 30)
        await replaced
        assert worked.refused == 0

    in_no_time(restart())


@pytest.mark.parametrize(("clients", "rate"), [(100, 12), (200, 24)])
def test_people_who_come_as_chance_has_it_are_all_served_though_it_is_replaced(
    clients: int, rate: float
) -> None:
    async def shop() -> None:
        worked, chance = Worked(rate), random.Random(1)

        async def person() -> None:
            while asyncio.get_running_loop().time() < 60:
                await asyncio.sleep(chance.uniform(0, 20))
                worked.rate = chance.gammavariate(3, usual / 3)
                await worked.visit()
                await worked.visit()

        usual = rate

        async def be_replaced() -> None:
            nonlocal usual
            for _ in range(3):
                await asyncio.sleep(15)
                worked.is_there.clear()
                await asyncio.sleep(2)
                usual = rate / 2
                worked.is_there.set()
                await asyncio.sleep(3)
                usual = rate

        await asyncio.gather(be_replaced(), *(person() for _ in range(clients)))
        assert worked.refused == 0
        assert max(worked.took) > 8

    in_no_time(shop())
