"""The processes of the probe: `python -m bench.probe.process <what> <count> <rate> <file>`, results as JSON in the file.

`emit` commits events at a steady rate with a relay running; `consume` handles so many; `drain` relays what the outbox
holds; `publish` and `take` are the same with aio-pika alone. Each says `ready`, waits for a line, and then works.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aio_pika
import uvloop

from bench.probe.service import ENTERED, PADDING, QUEUE, SERVICE, TENANT, Ping, broker
from bench.procfs import memory_mb
from libs.common.ids import new_id
from libs.common.messaging.relay import Relay
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.host import Host
from libs.common.settings import CommonSettings

GATHERED = 500  # confirms awaited together, as the relay does
PREFETCH = 50
KEPT = 20_000  # of more events nobody asks for the times of each


async def ready() -> None:
    """Say so, and wait for the word."""
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def emit(common: CommonSettings, count: int, rate: float) -> dict[str, Any]:
    """Commit events on time, whatever becomes of the earlier ones; when each was committed, by its number."""
    host = Host([SERVICE], common, roles=("relay",), broker=broker(common))
    await host.start()
    await host.bus_joined(60)
    context = host.contexts["probe"]
    committed: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        async with context.unit_of_work(tenant_id=TENANT) as uow:
            uow.emit(Ping(ping_id=new_id(), number=number))
        committed.append((number, time.time()))

    await ready()
    began = time.perf_counter()
    running = []
    for number in range(count):
        await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
        running.append(asyncio.create_task(one(number)))
    await asyncio.gather(*running)
    await asyncio.sleep(1)
    await host.close()
    return {"committed": committed}


async def consume(common: CommonSettings, count: int, rate: float) -> dict[str, Any]:
    """Handle so many events; when each handler was entered, the rate, and the memory on the way.

    With a rate it waits for events that are yet to come, without one it begins with those that wait for it.
    """
    ENTERED.kept = count <= KEPT
    host = Host([SERVICE], common, roles=("consume",), broker=broker(common))
    if rate:
        await host.start()
        await host.bus_joined(60)
    await ready()
    began = time.perf_counter()
    if not rate:
        await host.start()
    memory: list[tuple[int, float]] = []
    while ENTERED.count < count:
        await asyncio.sleep(0.05 if count < 1000 else 0.5)
        memory.append((ENTERED.count, memory_mb(os.getpid(), "Rss")))
    seconds = time.perf_counter() - began
    await host.close()
    return {"entered": ENTERED.times, "rate": ENTERED.count / seconds, "memory": memory}


async def drain(common: CommonSettings, count: int, _: float) -> dict[str, Any]:
    """Relay what the outbox holds."""
    context = ServiceContext(SERVICE, common)
    bus = broker(common)
    await bus.start()
    await bus.declare(SERVICE.subscriptions)
    relay = Relay(context, bus)
    await ready()
    began = time.perf_counter()
    sent = await relay.drain_once()
    seconds = time.perf_counter() - began
    if sent != count:
        raise RuntimeError(f"the relay sent {sent} of {count}")
    await bus.stop()
    await context.close()
    return {"rate": sent / seconds}


async def publish(common: CommonSettings, count: int, _: float) -> dict[str, Any]:
    """Publish as many messages of the same size to the same queue and gather their confirms."""
    assert common.amqp_url is not None
    connection = await aio_pika.connect(common.amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    body = json.dumps({"ping_id": str(new_id()), "number": 0, "padding": PADDING}).encode()
    headers: Any = {f"ce-{name}": str(new_id()) for name in ("id", "tenantid", "source", "type", "time")}
    await ready()
    began = time.perf_counter()
    for _begin in range(0, count, GATHERED):
        await asyncio.gather(
            *(
                channel.default_exchange.publish(
                    aio_pika.Message(
                        body,
                        headers=headers,
                        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                        content_type="application/json",
                    ),
                    QUEUE,
                )
                for _ in range(GATHERED)
            )
        )
    seconds = time.perf_counter() - began
    await connection.close()
    return {"rate": count / seconds}


async def take(common: CommonSettings, count: int, _: float) -> dict[str, Any]:
    """Consume and acknowledge as many messages, doing nothing with them."""
    assert common.amqp_url is not None
    connection = await aio_pika.connect(common.amqp_url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.get_queue(QUEUE)
    done = asyncio.Event()
    taken = 0

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal taken
        await message.ack()
        taken += 1
        if taken >= count:
            done.set()

    await ready()
    began = time.perf_counter()
    await queue.consume(handle)
    await done.wait()
    seconds = time.perf_counter() - began
    await connection.close()
    return {"rate": taken / seconds}


WORK: dict[str, Callable[[CommonSettings, int, float], Coroutine[Any, Any, dict[str, Any]]]] = {
    "emit": emit,
    "consume": consume,
    "drain": drain,
    "publish": publish,
    "take": take,
}


def main() -> None:
    """Run one."""
    what, count, rate, path = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(WORK[what](CommonSettings(), count, rate))
    Path(path).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
