"""Events over RabbitMQ: how soon they arrive, how fast they leave, and what a backlog does to memory."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import psycopg
from psycopg.types.json import Json

from bench.bench import Bench
from bench.disk import Disk
from bench.probe.service import SERVICE, TENANT
from bench.report import Row, least, most
from bench.stats import Sample, percentile
from bench.suite import Suite
from libs.common.db.migrate import migrate

SECTION = "events"
RATE = 100.0


class Worker:
    """One process of the probe, ready to work; `go` lets it, `result` waits for it."""

    def __init__(self, what: str, count: int, rate: float = 0) -> None:
        handle, path = mkstemp(prefix="pillars-probe-")
        os.close(handle)
        self._found = Path(path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.probe.process", what, str(count), str(rate), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the process to {what} did not start")

    def go(self) -> "Worker":
        """Begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self

    def result(self) -> dict[str, Any]:
        """What it found.

        Raises:
            RuntimeError: it failed.
        """
        try:
            if self._process.wait():
                raise RuntimeError("a process of the probe failed")
            found: dict[str, Any] = json.loads(self._found.read_text())
            return found
        finally:
            self._found.unlink()


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite = bench.suite
    migrate([SERVICE], suite.common)
    some = bench.options.some
    Worker("drain", 0).go().result()  # declares the queue
    bench.say("commit → handler entered")
    latencies = bench.runs("… at 100/s", lambda: _latency(suite, some(3000, 200)))
    _remember_commits(suite)
    analytics = bench.runs("commit → analytics row", lambda: _analytics(suite, some(1500, 100)))
    drains = bench.runs("relay and bare publish", lambda: _drain(suite, some(20_000, 2000)))
    backlog = some(100_000, 2000)
    bench.say(f"a backlog of {backlog:,} events")
    kept = _backlog(suite, backlog)
    return [
        Row(
            SECTION,
            "commit → handler entered, 100/s open loop, p50",
            "ms",
            Sample.of([percentile(found, 0.5) for found, _ in latencies]),
            Sample.of([disk.wait(0.5) for _, disk in latencies]),
            "one flush of the same disk meanwhile. Outbox, relay in the committing process, quorum queue, consumer in another",
            target=most(5),
        ),
        Row(
            SECTION,
            "… p99",
            "ms",
            Sample.of([percentile(found, 0.99) for found, _ in latencies]),
            Sample.of([disk.wait(0.99) for _, disk in latencies]),
            "one flush of the same disk meanwhile: a quorum queue waits for the disk",
            most(40),
        ),
        Row(
            SECTION,
            "commit → analytics row committed, 100/s, p50",
            "ms",
            Sample.of([percentile(found, 0.5) for found, _ in analytics]),
            Sample.of([disk.wait(0.5) for _, disk in analytics]),
            "one flush of the same disk meanwhile",
        ),
        Row(
            SECTION,
            "… p99",
            "ms",
            Sample.of([percentile(found, 0.99) for found, _ in analytics]),
            Sample.of([disk.wait(0.99) for _, disk in analytics]),
            "one flush of the same disk meanwhile. All services running",
            most(150),
        ),
        Row(
            SECTION,
            "relay drains an outbox",
            "events/s",
            Sample.of([ours for ours, _ in drains]),
            Sample.of([bare for _, bare in drains]),
            "aio-pika alone, persistent, 500 confirms gathered, messages of the same size",
            least(4000),
        ),
        Row(
            SECTION,
            f"consumer, backlog of {backlog:,}",
            "events/s",
            Sample.of([kept["rate"]]),
            Sample.of([kept["bare"]]),
            "aio-pika alone, consume and acknowledge, prefetch 50 (no transaction, no inbox)",
        ),
        Row(
            SECTION,
            "… memory of the consumer from a tenth to the end",
            "MB",
            Sample.of([kept["after"]]),
            Sample.of([kept["before"]]),
            "at a tenth of the backlog",
            most(1.1, "ratio"),
        ),
    ]


def _latency(suite: Suite, count: int) -> tuple[list[float], Disk]:
    with Disk(suite.folder) as disk:
        consumer = Worker("consume", count, RATE).go()
        emitter = Worker("emit", count, RATE).go()
        committed = dict(emitter.result()["committed"])
        entered = dict(consumer.result()["entered"])
    return sorted((entered[number] - at) * 1000 for number, at in committed.items()), disk


def _remember_commits(suite: Suite) -> None:
    """Let the server remember when each transaction was committed; it has to start anew for that."""
    with suite.connect() as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    suite.restart_postgres()
    suite.settle()


def _analytics(suite: Suite, count: int) -> tuple[list[float], Disk]:
    committed: dict[uuid.UUID, float] = {}
    with Disk(suite.folder) as disk, suite.connect() as connection:
        connection.autocommit = False
        began = time.perf_counter()
        for number in range(count):
            time.sleep(max(0, began + number / RATE - time.perf_counter()))
            event = _commit_lead(connection)
            committed[event] = time.time()
        suite.settle()
    with suite.connect() as connection:
        rows = connection.execute(
            "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM analytics.events "
            "WHERE id = ANY(%s)",
            [list(committed)],
        ).fetchall()
    if len(rows) != count:
        raise RuntimeError(f"{len(rows)} of {count} events reached analytics")
    waits = sorted((float(str(at)) - committed[uuid.UUID(str(event))]) * 1000 for event, at in rows)
    return waits, disk


def _commit_lead(connection: psycopg.Connection[Any]) -> uuid.UUID:
    event, lead = uuid.uuid4(), uuid.uuid4()
    connection.execute(
        "INSERT INTO crm.outbox (event_id, tenant_id, type, source, subject, time, actor, data) "
        "VALUES (%s, %s, 'crm.lead_created.v1', 'crm', %s, now(), 'system:crm', %s)",
        [event, TENANT, f"lead/{lead}", Json({"lead_id": str(lead), "name": "Thandi Dube", "source": "web"})],
    )
    connection.execute("SELECT pg_notify('pillars_outbox_crm', '')")
    connection.commit()
    return event


def _fill_outbox(suite: Suite, count: int) -> None:
    with suite.connect() as connection:
        connection.execute("TRUNCATE probe.outbox")
        connection.execute(
            "INSERT INTO probe.outbox (event_id, tenant_id, type, source, subject, time, actor, data) "
            "SELECT gen_random_uuid(), %s, 'probe.ping.v1', 'probe', 'ping/' || n, now(), 'system:probe', "
            "jsonb_build_object('ping_id', gen_random_uuid(), 'number', n, 'padding', repeat('x', 800)) "
            "FROM generate_series(0, %s) n",
            [TENANT, count - 1],
        )
        connection.execute("ANALYZE probe.outbox")


def _drain(suite: Suite, count: int) -> tuple[float, float]:
    _fill_outbox(suite, count)
    ours = Worker("drain", count).go().result()["rate"]
    Worker("take", count).go().result()
    bare = Worker("publish", count).go().result()["rate"]
    Worker("take", count).go().result()
    return ours, bare


def _backlog(suite: Suite, count: int) -> dict[str, float]:
    Worker("publish", count).go().result()
    bare = Worker("take", count).go().result()["rate"]
    _fill_outbox(suite, count)
    Worker("drain", count).go().result()
    found = Worker("consume", count).go().result()
    memory: Sequence[tuple[int, float]] = found["memory"]
    before = next((mb for handled, mb in memory if handled >= count / 10), memory[0][1])
    return {"rate": found["rate"], "bare": bare, "before": before, "after": memory[-1][1]}
