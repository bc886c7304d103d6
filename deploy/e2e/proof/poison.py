"""Three poisonous messages in the queue that orders are paid through: the rest flows on, and each becomes a dead letter.

One is no envelope at all, one has a handler that always fails, and one kills every process that takes it up.
"""

import asyncio
from typing import Any
from uuid import UUID

import aio_pika

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.run import Run
from libs.common.clock import SystemClock
from libs.common.ids import new_id
from libs.common.messaging.amqp_binding import to_message
from libs.common.messaging.envelope import Envelope
from libs.common.money import Money
from libs.contracts.payments import PaymentSucceeded

_SERVICE = "orders"
_QUEUE = "pillars.orders.pay_order"
# All attempts at a message that fails take 381 s; a few more for a busy machine.
_PATIENCE = 500.0
_FLOWING = 10


async def poison(run: Run, client: Client) -> None:
    """Put the three into the queue, and wait until the operator can see all three as dead letters."""
    await asyncio.sleep(5)
    deadly, hopeless = new_id(), new_id()
    moment = run.installation.moments / f"event.{deadly}"
    moment.write_text("always")
    await _publish(run, [_payment(run, hopeless), _payment(run, deadly)])
    run.say("three poisonous messages are in the queue")
    paid_before = _paid(run)
    loop = asyncio.get_running_loop()
    began = loop.time()
    came: dict[str, float] = {}
    flowing = 0.0
    while len(came) < 3 and loop.time() - began < _PATIENCE:
        for letter in await _letters(run, client):
            came.setdefault(_kind(letter, deadly, hopeless), round(loop.time() - began, 1))
        if not flowing and _paid(run) - paid_before >= _FLOWING:
            flowing = round(loop.time() - began, 1)
        await asyncio.sleep(1)
    moment.unlink()
    log = (run.installation.home / "logs" / "pillars.log").read_text(errors="replace")
    run.report.scenarios["poisonous messages"] = {
        **{f"{kind} is a dead letter after (s)": after for kind, after in came.items()},
        "processes killed by one of them:": log.count("orders ended with"),
        f"{_FLOWING} more orders were paid after (s)": flowing,
        "paid meanwhile:": _paid(run) - paid_before,
    }
    for kind in {"no envelope", "always fails", "kills its process"} - came.keys():
        run.report.breaches.append(f"the message that {kind} did not become a dead letter")
    if not flowing:
        run.report.breaches.append("no orders were paid while poisonous messages were in the queue")
    # What an operator does with them; a dead letter that nobody looked at counts as a breach.
    for letter in await _letters(run, client):
        path = f"/admin/bus/dead-letters/{_SERVICE}/{letter['id']}/skip"
        await client.call("POST", path, who=run.staff, json={"reason": "It was poison"})


def _payment(run: Run, event_id: UUID) -> Envelope:
    """Money for an order that there is not: orders waits for it, and in the end gives up."""
    now = SystemClock().now()
    event = PaymentSucceeded(
        payment_id=new_id(),
        order_id=new_id(),
        amount=Money(amount=100, currency="ZAR"),
        provider="sandbox",
        succeeded_at=now,
    )
    return Envelope(
        id=event_id,
        type=event.wire_name,
        source="payments",
        subject=event.subject,
        time=now,
        tenant_id=UUID(run.shops[0].company),
        data=event.model_dump(mode="json"),
    )


async def _publish(run: Run, envelopes: list[Envelope]) -> None:
    connection = await aio_pika.connect(run.installation.amqp_url)
    async with connection:
        channel = await connection.channel()
        garbage = aio_pika.Message(b"\x00\xff this is no event", content_type="text/plain")
        for message in (garbage, *(to_message(envelope) for envelope in envelopes)):
            await channel.default_exchange.publish(message, routing_key=_QUEUE)


async def _letters(run: Run, client: Client) -> list[dict[str, Any]]:
    page = await client.call("GET", "/admin/bus/dead-letters", who=run.staff, params={"limit": "100"})
    return [
        letter
        for letter in (page.body or {}).get("items", ())
        if letter["service"] == _SERVICE and not letter.get("resolved_at")
    ]


def _kind(letter: dict[str, Any], deadly: UUID, hopeless: UUID) -> str:
    ids = {str(deadly): "kills its process", str(hopeless): "always fails"}
    return ids.get(str(letter.get("event_id")), "no envelope")


def _paid(run: Run) -> int:
    return sum("succeeded" in entry.payments.values() for entry in run.book.orders)
