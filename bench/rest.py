"""Knows when the suite has nothing left to do: outboxes, queues and jobs are empty and no event was just handled."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aio_pika
import psycopg

from libs.common.messaging.broker import queue_name
from libs.common.runtime.registry import NAMES, load_all

LOOK_SECONDS = 0.25
CALM_SECONDS = 0.6
Connection = psycopg.Connection[Any]


async def until_calm(connect: Callable[[], Connection], amqp_url: str, limit: float) -> None:
    """Look until it is calm twice in a row.

    Raises:
        TimeoutError: it never is; says what was left.
    """
    queues = [queue_name("pillars", s) for service in load_all() for s in service.subscriptions]
    broker = await aio_pika.connect(amqp_url)
    until = time.monotonic() + limit
    calm = 0
    async with broker:
        channel = await broker.channel()
        with connect() as connection:
            while calm < 2:
                left = await _left(connection, channel, queues)
                calm = 0 if left else calm + 1
                if left and time.monotonic() > until:
                    raise TimeoutError(f"the suite does not come to rest: {left}")
                await asyncio.sleep(LOOK_SECONDS)


async def _left(connection: Connection, channel: Any, queues: list[str]) -> str:
    for service in NAMES:
        pending, recent, due = connection.execute(_QUESTION.format(service=service)).fetchone() or (0, 0, 0)
        if pending or due:
            return f"{service}: {pending} events in the outbox, {due} jobs"
        if recent is not None and recent < CALM_SECONDS:
            return f"{service}: handled an event {recent:.1f} s ago"
    for name in queues:
        state = await channel.declare_queue(name, passive=True)
        if state.declaration_result.message_count:
            return f"{name}: {state.declaration_result.message_count} messages"
    return ""


_QUESTION = """SELECT (SELECT count(*) FROM {service}.outbox WHERE published_at IS NULL),
    (SELECT extract(epoch FROM clock_timestamp() - max(processed_at))::float8 FROM {service}.inbox),
    (SELECT count(*) FROM {service}.jobs
     WHERE finished_at IS NULL AND dead_at IS NULL AND run_at <= now() AND key IS DISTINCT FROM '@tick')"""
