"""Keeps account of what the queues of the services are bound to, so that one finds what a release takes no more.

A queue that nobody consumes from would grow for ever. RabbitMQ cannot be asked over AMQP what is bound, so the account
is in the table where the Postgres broker has its bindings.
"""

from collections.abc import Sequence

import psycopg

from libs.common.messaging.broker import Broker, queue_name
from libs.common.messaging.connection import connect, without_driver
from libs.common.messaging.subscription import Subscription

_KNOWN = """
SELECT queue, pattern FROM bus.binding
WHERE namespace = %s AND EXISTS (SELECT FROM unnest(%s::text[]) AS of (prefix) WHERE starts_with(queue, prefix))
"""
_ADD = """
INSERT INTO bus.binding (namespace, queue, pattern) SELECT %s, * FROM unnest(%s::text[], %s::text[])
ON CONFLICT DO NOTHING
"""
_REMOVE = """
DELETE FROM bus.binding USING unnest(%s::text[], %s::text[]) AS stale (queue, pattern)
WHERE namespace = %s AND binding.queue = stale.queue AND binding.pattern = stale.pattern
"""


async def settle_bindings(
    broker: Broker,
    url: str,
    services: Sequence[str],
    subscriptions: Sequence[Subscription],
    *,
    namespace: str = "pillars",
) -> list[str]:
    """Remove the bindings that none of the subscriptions of these services has, and tell what was done.

    Only for the one step before the processes of a release start: a process of the release before it would take away
    what the new one has bound. Queues are left to the operator, with what they hold.

    Raises:
        ConnectionError: the broker or its database does not answer.
    """
    wanted = {(queue_name(namespace, s), pattern) for s in subscriptions for pattern in s.patterns}
    # Bound by releases that kept no account, or by a process of the release before that was started since.
    retired = {
        (queue_name(namespace, s), event.wire_name)
        for s in subscriptions
        if s.is_retired
        for event in s.events
    }
    # A retired one is bound to nothing, and what it holds is somebody's.
    queues = {queue_name(namespace, s) for s in subscriptions}
    prefixes = [f"{namespace}.{service}." for service in services]
    try:
        connection = await connect(without_driver(url), "pillars-bindings")
    except psycopg.OperationalError as error:
        raise ConnectionError(f"the database of the bus does not answer: {error}") from error
    async with connection:
        known = {
            (row[0], row[1])
            for row in await (await connection.execute(_KNOWN, (namespace, prefixes))).fetchall()
        }
        new, stale = sorted(wanted - known), sorted(known - wanted)
        await connection.execute(_ADD, (namespace, [q for q, _ in new], [p for _, p in new]))
        await broker.unbind(sorted(retired.union(stale)))
        if not stale:
            return []
        await connection.execute(_REMOVE, ([q for q, _ in stale], [p for _, p in stale], namespace))
    told = [f"{queue} takes {pattern} no more" for queue, pattern in stale]
    left = sorted({queue for queue, _ in stale} - queues)
    return told + [f"{queue} is nobody's now: delete it once nothing in it is needed" for queue in left]
