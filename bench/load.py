"""The load generator, a process of its own: `offer` starts it with a load and returns what it saw.

Closed loop: each connection sends its next request when the last is answered, which finds what a server holds.
Open loop: requests are due at fixed times whatever the server does, and latency counts from the time a request was
due, so that a server that stalls is charged for everyone who waits (no coordinated omission).
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from bench import journey
from bench.client import Connection, Refused
from bench.flood import flood
from bench.stats import percentile

Work = Callable[[Connection, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `work` names it, `items` are its arguments in turn (again from the start when they are used up).

    It ends after `count` pieces of work, or `seconds`. With `rate` (per second) it is an open loop. The work `flood`
    is a closed loop of its first item alone, for servers that are faster than the other kinds of load.
    """

    url: str
    work: str
    items: Sequence[Any]
    connections: int = 8
    count: int | None = None
    seconds: float | None = None
    rate: float | None = None
    warm_up: float = 0
    cores: Sequence[int] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a load. Latencies in milliseconds; `results` where they were to be kept.

    `busy` is the share of a core that the load generator itself took; `p50_of` is the p50 of each item of the load.
    """

    count: int
    seconds: float
    p50: float
    p99: float
    worst: float
    busy: float = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    p50_of: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Pieces of work a second."""
        return self.count / self.seconds


class LoadFailed(Exception):
    """Requests were refused: nothing was measured."""


def offer(load: Load, *, may_fail: bool = False) -> Seen:
    """Run a load in a second process.

    Raises:
        LoadFailed: any request failed; a figure of failures would look fast. With `may_fail` they are counted instead.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(load)),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LoadFailed(f"the load generator ended with {done.returncode}")
    seen = Seen(**json.loads(done.stdout))
    if seen.failed and not may_fail:
        raise LoadFailed(f"{seen.failed} failed, {seen.count} did not: {seen.errors[0]}")
    return seen


async def get(connection: Connection, item: dict[str, Any]) -> None:
    """One GET: `path`, and `headers` as ready lines."""
    await connection.request("GET", item["path"], item.get("headers", "").encode(), expect=200)


async def post(connection: Connection, item: dict[str, Any]) -> None:
    """One POST of `body`; `expect` is the status wanted."""
    await connection.request(
        "POST", item["path"], item.get("headers", "").encode(), item["body"], expect=item.get("expect", 200)
    )


WORK: dict[str, Work] = {
    "get": get,
    "post": post,
    "fill": journey.fill,
    "checkout": journey.check_out,
    "whole": journey.whole,
}


class _Run:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.work = WORK.get(load.work, get)
        self.latencies: list[float] = []
        self.by_item: list[list[float]] = [[] for _ in load.items]
        self.errors: list[str] = []
        self.results: list[Any] = []
        self.next = 0

    async def one(self, connection: Connection, due: float | None = None) -> None:
        number = self.next % len(self.load.items)
        item = self.load.items[number]
        self.next += 1
        began = time.perf_counter() if due is None else due
        try:
            result = await self.work(connection, item)
        except (Refused, OSError) as error:
            self.errors.append(str(error))
            await asyncio.sleep(0.01)
            return
        self.latencies.append((time.perf_counter() - began) * 1000)
        self.by_item[number].append(self.latencies[-1])
        if self.load.keep:
            self.results.append(result)

    async def closed(self, seconds: float | None, count: int | None) -> float:
        began = time.perf_counter()
        until = began + seconds if seconds is not None else float("inf")
        last = self.next + count if count is not None else sys.maxsize

        async def client() -> None:
            connection = Connection(self.load.url)
            while self.next < last and time.perf_counter() < until:
                await self.one(connection)
            connection.close()

        await asyncio.gather(*(client() for _ in range(self.load.connections)))
        return time.perf_counter() - began

    async def open(self, rate: float, seconds: float) -> float:
        due: asyncio.Queue[float] = asyncio.Queue()
        began = time.perf_counter()

        async def client() -> None:
            connection = Connection(self.load.url)
            try:
                while True:
                    await self.one(connection, await due.get())
                    due.task_done()
            finally:
                connection.close()

        clients = [asyncio.create_task(client()) for _ in range(self.load.connections)]
        for number in range(int(rate * seconds)):
            at = began + number / rate
            await asyncio.sleep(max(0, at - time.perf_counter()))
            due.put_nowait(at)
        await due.join()
        took = time.perf_counter() - began
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        return took


async def _run(load: Load) -> Seen:
    run = _Run(load)
    used = time.process_time()
    if load.work == "flood":
        if load.warm_up:
            await flood(load.url, load.items[0], load.connections, load.warm_up)
            used = time.process_time()
        run.latencies, run.errors, took = await flood(
            load.url, load.items[0], load.connections, load.seconds or 1
        )
        return _seen(run, took, time.process_time() - used)
    if load.warm_up:
        await run.closed(load.warm_up, None)
        run.latencies.clear()
        run.results.clear()
        used = time.process_time()
    if load.rate is not None:
        took = await run.open(load.rate, load.seconds or 1)
    else:
        took = await run.closed(load.seconds, load.count)
    return _seen(run, took, time.process_time() - used)


def _seen(run: _Run, took: float, used: float) -> Seen:
    ordered = sorted(run.latencies) or [0.0]
    return Seen(
        count=len(run.latencies),
        seconds=took,
        p50=percentile(ordered, 0.5),
        p99=percentile(ordered, 0.99),
        worst=ordered[-1],
        busy=used / took,
        failed=len(run.errors),
        errors=run.errors[:5],
        results=run.results,
        p50_of=[percentile(sorted(latencies) or [0.0], 0.5) for latencies in run.by_item],
    )


def main() -> None:
    """Read a load from standard input, run it, write what was seen."""
    load = Load(**json.load(sys.stdin))
    if load.cores:
        os.sched_setaffinity(0, load.cores)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(_run(load))
    json.dump(asdict(seen), sys.stdout)


if __name__ == "__main__":
    main()
