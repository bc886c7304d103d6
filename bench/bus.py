"""Measures the bus: relay, consumers and latency over a private Postgres and RabbitMQ.

`python -m bench.bus [relay|consume|backlog|latency …] [--broker rabbit|postgres] [--events N]` prints one line a figure and, with
`--json FILE`, writes them. CPU is that of this process, so it tells figures apart on a busy machine as well.
"""

import argparse
import asyncio
import json
import logging
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop
from sqlalchemy import func, insert, select

from libs.common.db.migrate import migrate
from libs.common.ids import new_id
from libs.common.logging import configure_logging
from libs.common.messaging.broker import Broker, Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.relay import Relay
from libs.common.messaging.subscription import Subscription, on
from libs.common.messaging.tests.parcels import service as parcels
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ
from libs.common.runtime.registry import load
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings
from libs.contracts.catalog import StockChanged

FIGURES: list[dict[str, Any]] = []


def report(name: str, value: float, unit: str, **more: Any) -> None:
    """Print a figure and keep it."""
    FIGURES.append({"name": name, "value": value, "unit": unit, **more})
    extra = "  ".join(f"{key} {value}" for key, value in more.items())
    sys.stdout.write(f"{name:<44} {value:>10,.2f} {unit:<12} {extra}\n")
    sys.stdout.flush()


def rss_mb() -> float:
    """The resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Meter:
    """Wall time and CPU time of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Seconds of both."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 600, every: float = 0.05) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is a query
            await asyncio.sleep(every)


class Bench:
    """The servers of one run, and the ways to fill them."""

    def __init__(self, settings: CommonSettings, amqp_url: str | None) -> None:
        self.settings = settings
        self.amqp_url = amqp_url
        self.number = 0

    def broker(self, namespace: str | None = None, **options: Any) -> Broker:
        """A broker with queues of its own."""
        if namespace is None:
            self.number += 1
            namespace = f"bench{os.getpid()}n{self.number}"
        if self.amqp_url:
            return RabbitBroker(self.amqp_url, namespace=namespace, **options)
        return PostgresBroker(self.settings.service_database_url("bus"), namespace=namespace, **options)

    @asynccontextmanager
    async def context(self, service: Service) -> AsyncIterator[ServiceContext]:
        """The context of a service."""
        context = ServiceContext(service, self.settings)
        yield context
        await context.close()

    async def fill(self, context: ServiceContext, make: Callable[[int], Event], count: int) -> list[UUID]:
        """Write so many events into the outbox, of twenty tenants."""
        outbox: Any = context.models.outbox
        tenants = [new_id() for _ in range(20)]
        ids = [new_id() for _ in range(count)]
        rows = []
        for n, event_id in enumerate(ids):
            event = make(n)
            rows.append(
                {
                    "event_id": event_id,
                    "tenant_id": tenants[n % 20],
                    "type": event.wire_name,
                    "source": context.service.name,
                    "subject": event.subject,
                    "time": datetime.now(UTC),
                    "actor": f"user:{new_id()}",
                    "correlation_id": str(new_id()),
                    "data": event.model_dump(mode="json"),
                }
            )
        async with context.unit_of_work(platform=True) as uow:
            for start in range(0, count, 2000):
                await uow.session.execute(insert(outbox), rows[start : start + 2000])
        return ids

    async def handled(self, context: ServiceContext, handler: str) -> int:
        """How many inbox rows a handler has written."""
        inbox: Any = context.models.inbox
        async with context.unit_of_work(platform=True) as uow:
            return await uow.session.scalar(select(func.count()).where(inbox.handler == handler)) or 0


def moved(n: int) -> Event:
    """An event of the test service."""
    return parcels.ParcelMoved(parcel_id=new_id(), step=n)


def stock(n: int) -> Event:
    """An event as bulk imports make them."""
    return StockChanged(
        store_id=new_id(),
        variant_id=new_id(),
        sku=f"SKU-{n:06d}",
        on_hand=n,
        reserved=0,
        allocated=0,
        available=n,
        revision=1,
        cause="import",
    )


async def measure_relay(bench: Bench, count: int) -> None:
    """Fill an outbox and drain it."""
    rates, cpus = [], []
    async with bench.context(parcels.SERVICE) as context:
        for _ in range(3):
            broker = bench.broker()
            await broker.start()
            await broker.declare([parcels.KEEP_LATEST])
            await bench.fill(context, moved, count)
            meter = Meter()
            drained = await Relay(context, broker).drain_once()
            wall, cpu = meter.read()
            assert drained == count, drained
            rates.append(count / wall)
            cpus.append(cpu / count * 1e6)
            await broker.stop()
    report(
        "relay drains", statistics.median(rates), "events/s", cpu_us_per_event=round(statistics.median(cpus))
    )


async def measure_consumer(
    bench: Bench, service: Service, handler: str, make: Callable[[int], Event], count: int
) -> None:
    """Publish a backlog, then consume it."""
    subscription = next(s for s in service.subscriptions if s.name == handler)
    async with bench.context(service) as context, bench.context(parcels.SERVICE) as source:
        publisher = bench.broker()
        namespace = f"bench{os.getpid()}n{bench.number}"
        await publisher.start()
        await publisher.declare([subscription])
        await bench.fill(source, make, count)
        assert await Relay(source, publisher).drain_once() == count
        await publisher.stop()
        before = await bench.handled(context, handler)
        broker = bench.broker(namespace)
        await broker.start()
        consumer = Consumer(context)
        memory = rss_mb()
        meter = Meter()
        await broker.consume([subscription], consumer.deliver, consumer.refuse, consumer.deliver_batch)

        async def all_done() -> bool:
            return await bench.handled(context, handler) - before >= count

        await until(all_done)
        wall, cpu = meter.read()
        await broker.stop()
        report(
            f"{handler} takes",
            count / wall,
            "events/s",
            cpu_us_per_event=round(cpu / count * 1e6),
            events_per_cpu_s=round(count / cpu),
            memory_grew_mb=round(rss_mb() - memory, 1),
        )


async def measure_latency(bench: Bench, count: int) -> None:
    """Commit at 100/s; time from commit to the handler entered, and to the analytics row."""
    entered: dict[UUID, float] = {}
    committed: dict[UUID, float] = {}
    analytics = load("analytics")
    async with bench.context(parcels.SERVICE) as source, bench.context(analytics) as context:
        source_broker = bench.broker()
        namespace = f"bench{os.getpid()}n{bench.number}"
        await source_broker.start()
        broker = bench.broker(namespace)
        await broker.start()
        record = analytics.subscriptions[0]

        async def note(event: Any, uow: Any, envelope: Envelope) -> None:
            entered[envelope.id] = time.perf_counter()

        noted = on(StockChanged, "parcels.note", note)
        await broker.declare([record, noted])
        consumer, here = Consumer(context), Consumer(source)
        written: dict[UUID, float] = {}

        async def deliver(subscription: Subscription, envelope: Envelope) -> Verdict:
            verdict = await consumer.deliver(subscription, envelope)
            written[envelope.id] = time.perf_counter()
            return verdict

        async def deliver_batch(
            subscription: Subscription, envelopes: Sequence[Envelope]
        ) -> Sequence[Verdict]:
            verdicts = await consumer.deliver_batch(subscription, envelopes)
            now = time.perf_counter()
            written.update((envelope.id, now) for envelope in envelopes)
            return verdicts

        await broker.consume([record], deliver, consumer.refuse, deliver_batch)
        await broker.consume([noted], here.deliver, here.refuse)
        stop = asyncio.Event()
        relay = asyncio.create_task(Relay(source, source_broker).run(stop))
        tenants = [new_id() for _ in range(20)]
        start = time.perf_counter()
        events: dict[UUID, UUID] = {}

        async def commit(n: int) -> None:
            async with source.unit_of_work(tenant_id=tenants[n % 20]) as uow:
                uow.emit(stock(n))
                row = next(iter(uow.session.new))
                event_id = row.event_id
                events[event_id] = tenants[n % 20]
            committed[event_id] = time.perf_counter()

        tasks = []
        for n in range(count):
            await asyncio.sleep(max(0, start + n * 0.01 - time.perf_counter()))
            tasks.append(asyncio.create_task(commit(n)))
        await asyncio.gather(*tasks)

        async def all_in() -> bool:
            return len(entered) >= count and len(written) >= count

        await until(all_in, 120)
        stop.set()
        await relay
        await broker.stop()
        await source_broker.stop()
    for name, seen in (("handler entered", entered), ("analytics row committed", written)):
        waits = sorted((seen[event_id] - at) * 1000 for event_id, at in committed.items())
        p99, slowest = round(waits[int(len(waits) * 0.99)], 2), round(waits[-1], 2)
        report(f"commit to {name}, p50", waits[len(waits) // 2], "ms", p99=p99, slowest=slowest)


async def run(bench: Bench, what: list[str], count: int) -> None:
    """Measure."""
    if "relay" in what:
        await measure_relay(bench, count)
    if "consume" in what:
        await measure_consumer(bench, parcels.SERVICE, "parcels.keep_latest", moved, count // 4)
        await measure_consumer(bench, load("analytics"), "analytics.record", stock, count)
        await measure_consumer(bench, load("identity"), "identity.record_audit", stock, count)
    if "backlog" in what:
        await measure_consumer(bench, load("analytics"), "analytics.record", stock, 100_000)
    if "latency" in what:
        await measure_latency(bench, 1000)


def main() -> None:
    """Start the servers, measure, stop them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["relay", "consume", "latency"])
    parser.add_argument("--broker", choices=["rabbit", "postgres"], default="rabbit")
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    configure_logging("bench", level="WARNING")
    logging.getLogger("aiormq").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        node = PrivateRabbitMQ(Path(folder) / "rabbit") if arguments.broker == "rabbit" else None
        try:
            settings = CommonSettings(database_url=server.start(), role_prefix="bench", amqp_url=None)
            migrate([parcels.SERVICE, load("analytics"), load("identity")], settings)
            bench = Bench(settings, node.start() if node else None)
            uvloop.run(run(bench, arguments.what, arguments.events))
        finally:
            if node:
                node.stop()
            server.stop()
    if arguments.json:
        arguments.json.write_text(json.dumps(FIGURES, indent=1))


if __name__ == "__main__":
    main()
