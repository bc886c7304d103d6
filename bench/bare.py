"""The baseline of a checkout: a process that commits the captured statements with psycopg and does nothing else.

Every order gets ids of its own in place of the captured ones, of the same kind and size. All of them are made before
the clock starts.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import uvloop

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBER = re.compile(r"O-\d{6}")


@dataclass(frozen=True, slots=True)
class Script:
    """The transactions of one order of one shop: lists of (statement, parameters). `own` are the ids it made."""

    transactions: Sequence[Sequence[tuple[str, Sequence[str | None]]]]
    own: Sequence[str]


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the script took, in seconds and milliseconds of CPU."""

    count: int
    seconds: float
    cpu_ms: float


def uuids(text: str) -> set[str]:
    """The ids in a text."""
    return set(_UUID.findall(text))


def renamed(text: str, own: frozenset[str], number: int) -> str:
    """The text with ids of another order: a UUIDv7 keeps its order in time, and so its place in an index."""

    def other(match: re.Match[str]) -> str:
        found = match[0]
        if found not in own:
            return found
        moment = int(found[:8] + found[9:13], 16) + number
        digits = f"{moment:012x}"
        return f"{digits[:8]}-{digits[8:]}{found[13:]}"

    return _NUMBER.sub(f"O-{500_000 + number:06d}", _UUID.sub(other, text))


class BareScript:
    """The process, ready to run; `go` runs it."""

    def __init__(
        self, url: str, scripts: Sequence[Script], *, first: int, count: int, connections: int
    ) -> None:
        spec = {
            "url": url,
            "scripts": [{"transactions": s.transactions, "own": s.own} for s in scripts],
            "first": first,
            "count": count,
            "connections": connections,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(spec) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the bare script did not start")

    def go(self) -> Done:
        """Run it.

        Raises:
            RuntimeError: a statement failed or changed no row.
        """
        out, _ = self._process.communicate("go\n")
        if self._process.returncode:
            raise RuntimeError("the bare script failed")
        return Done(**json.loads(out))


Ready = list[list[tuple[bytes, list[str | None]]]]


def _orders(spec: dict[str, Any]) -> list[Ready]:
    scripts = [(s["transactions"], frozenset(s["own"])) for s in spec["scripts"]]
    orders = []
    for number in range(spec["first"], spec["first"] + spec["count"]):
        transactions, own = scripts[number % len(scripts)]
        orders.append(
            [
                [
                    (sql.encode(), [v if v is None else renamed(v, own, number) for v in values])
                    for sql, values in statements
                ]
                for statements in transactions
            ]
        )
    return orders


async def _commit(connection: psycopg.AsyncConnection[Any], order: Ready) -> None:
    for statements in order:
        cursor = psycopg.AsyncRawCursor(connection)
        for sql, values in statements:
            await cursor.execute(sql, values)
            if sql.startswith((b"UPDATE", b"INSERT")) and cursor.rowcount < 1:
                raise RuntimeError(f"changed no row: {sql[:200]!r}")
        await connection.commit()


async def _run(spec: dict[str, Any]) -> Done:
    orders = _orders(spec)
    connections = [await psycopg.AsyncConnection.connect(spec["url"]) for _ in range(spec["connections"])]
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    ahead = iter(orders)

    async def work(connection: psycopg.AsyncConnection[Any], orders: Iterable[Ready]) -> None:
        for order in orders:
            await _commit(connection, order)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work(connection, ahead) for connection in connections))
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    for connection in connections:
        await connection.close()
    return Done(len(orders), seconds, cpu * 1000)


def main() -> None:
    """Read the script, say that it is ready, wait for the word, run, and say what it took."""
    spec = json.loads(sys.stdin.readline())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(_run(spec))
    print(json.dumps({"count": done.count, "seconds": done.seconds, "cpu_ms": done.cpu_ms}))


if __name__ == "__main__":
    main()
