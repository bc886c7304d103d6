"""A process that dies with SIGKILL at a chosen moment; started by the delivery tests.

Usage: python -m libs.common.messaging.tests.victim <when>, with a JSON object of settings on standard input.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any
from uuid import UUID

from libs.common.messaging.broker import Broker, Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.tests.parcels.service import KEEP_LATEST, SERVICE, WRITE_BATCH, ParcelMoved
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings


def die() -> None:
    """End at once: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


async def after_commit(context: ServiceContext, given: dict[str, Any]) -> None:
    """Commit a change with its event; die before anything is published."""
    async with context.unit_of_work(tenant_id=UUID(given["tenant_id"])) as uow:
        uow.emit(ParcelMoved(parcel_id=UUID(given["parcel_id"]), step=1))
    die()


async def before_commit(context: ServiceContext, given: dict[str, Any]) -> None:
    """Die with the change and its event written but not committed."""
    async with context.unit_of_work(tenant_id=UUID(given["tenant_id"])) as uow:
        uow.emit(ParcelMoved(parcel_id=UUID(given["parcel_id"]), step=1))
        await uow.flush()
        die()


def make_broker(context: ServiceContext, given: dict[str, Any]) -> Broker:
    """The broker that the test uses."""
    if given["amqp_url"]:
        return RabbitBroker(given["amqp_url"], namespace=given["namespace"])
    return PostgresBroker(
        context.common.service_database_url("bus"), namespace=given["namespace"], lease=0.5, poll=0.1
    )


async def consuming_batches(context: ServiceContext, given: dict[str, Any]) -> None:
    """Take batches until an event ends the process."""
    broker, consumer = make_broker(context, given), Consumer(context)
    await broker.start()
    await broker.consume([WRITE_BATCH], consumer.deliver, consumer.refuse, consumer.deliver_batch)
    await asyncio.Event().wait()


async def consuming(context: ServiceContext, given: dict[str, Any], *, in_handler: bool) -> None:
    """Take a message and die: in the midst of the handler, or after its commit and before the acknowledgement."""
    broker = make_broker(context, given)
    consumer = Consumer(context)

    async def deliver(subscription: Subscription, envelope: Envelope) -> Verdict:
        verdict = await consumer.deliver(subscription, envelope)
        assert not in_handler, "the handler was to end the process"
        die()
        return verdict

    await broker.start()
    await broker.consume([KEEP_LATEST], deliver, consumer.refuse)
    await asyncio.Event().wait()


def live(when: str, given: dict[str, Any]) -> None:
    """One life."""
    asyncio.run(main(when, given))


def live_again_and_again(when: str, given: dict[str, Any]) -> None:
    """Several lives, one after another, each in a process of its own that dies in the same way; then die."""
    for _ in range(given["lives"]):
        child = os.fork()
        if not child:
            live(when, given)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"a life ended with {status}"
    die()


async def main(when: str, given: dict[str, Any]) -> None:
    """Set up and die."""
    context = ServiceContext(SERVICE, CommonSettings(**given["settings"]))
    if when == "whenever it must":
        await consuming_batches(context, given)
    elif when == "after commit":
        await after_commit(context, given)
    elif when == "before commit":
        await before_commit(context, given)
    else:
        await consuming(context, given, in_handler=when == "in the handler")


if __name__ == "__main__":
    settings = json.load(sys.stdin)
    (live_again_and_again if "lives" in settings else live)(sys.argv[1], settings)
