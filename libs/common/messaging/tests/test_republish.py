"""What a broker lost is published again, and has its effect once."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Text, delete, func, select, text, update

from libs.common.ids import new_id
from libs.common.messaging.broker import Broker
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.relay import Relay
from libs.common.messaging.republish import republish
from libs.common.messaging.subscription import in_batches
from libs.common.messaging.tests.delivery_suite import send
from libs.common.messaging.tests.parcels.service import (
    KEEP_LATEST,
    MODELS,
    SERVICE,
    WRITE_ARRIVAL,
    Arrival,
    Parcel,
    ParcelMoved,
    write_batch,
)
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually

BOTH = (KEEP_LATEST, WRITE_ARRIVAL)


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


async def count(context: ServiceContext, model: Any) -> int:
    async with context.unit_of_work(platform=True) as uow:
        return await uow.session.scalar(select(func.count()).select_from(model)) or 0


async def hour_ago(context: ServiceContext) -> Any:
    async with context.unit_of_work(platform=True) as uow:
        return uow.now - timedelta(hours=1)


async def drained(context: ServiceContext, broker: Broker, *subscriptions: Any, arrivals: int) -> None:
    """Publish what is pending and let handlers take it until so many inbox marks are there."""
    await Relay(context, broker).drain_once()
    consumer = Consumer(context)
    await broker.consume(subscriptions, consumer.deliver, consumer.refuse)

    async def marked() -> bool:
        return await count(context, MODELS.inbox) == arrivals

    await eventually(marked)


@pytest.mark.rabbit
async def test_a_lost_rabbitmq_loses_no_event_and_repeats_have_no_effect(
    context: ServiceContext, tenant_id: UUID, rabbit_url: str, namespace: str
) -> None:
    import aio_pika

    from libs.common.messaging.rabbit import RabbitBroker

    broker = RabbitBroker(rabbit_url, namespace=namespace)
    await broker.start()
    await broker.declare(BOTH)
    parcel = new_id()
    await send(context, tenant_id, *(ParcelMoved(parcel_id=parcel, step=step) for step in range(10)))
    # One handler has had all, the other nothing, when the broker loses what it holds.
    await drained(context, broker, KEEP_LATEST, arrivals=10)
    connection = await aio_pika.connect(rabbit_url)
    async with connection, connection.channel() as channel:
        for subscription in BOTH:
            await channel.queue_delete(f"{namespace}.{subscription.name}")
    await broker.stop()

    again = RabbitBroker(rabbit_url, namespace=namespace)
    await again.start()
    await again.declare(BOTH)
    found = await republish([context], await hour_ago(context))
    assert [(one.looked_at, one.marked) for one in found] == [(10, 10)]
    await drained(context, again, *BOTH, arrivals=20)
    await again.stop()

    async with context.unit_of_work(platform=True) as uow:
        kept = (await uow.session.execute(select(Parcel.latest, Parcel.counted))).one()
        steps = (await uow.session.scalars(select(Arrival.step).order_by(Arrival.seq))).all()
    assert tuple(kept) == (9, 10)
    assert sorted(steps) == list(range(10))


async def test_only_what_some_handler_has_not_had_is_published_again(
    context: ServiceContext, tenant_id: UUID, namespace: str
) -> None:
    broker = PostgresBroker(context.common.service_database_url("bus"), namespace=namespace)
    await broker.start()
    await broker.declare(BOTH)
    await send(context, tenant_id, *(ParcelMoved(parcel_id=new_id(), step=step) for step in range(6)))
    await drained(context, broker, *BOTH, arrivals=12)
    await broker.stop()
    since = await hour_ago(context)
    async with context.unit_of_work(platform=True) as uow:
        rows = (
            await uow.session.execute(
                select(MODELS.outbox.id, MODELS.outbox.event_id).order_by(MODELS.outbox.id)
            )
        ).all()
        for number in (1, 2):
            await uow.session.execute(
                text("DELETE FROM parcels.inbox WHERE event_id = :id AND handler = 'parcels.keep_latest'"),
                {"id": rows[number].event_id},
            )
        # It was had: it is a dead letter.
        uow.session.add(
            MODELS.dead_letter(
                tenant_id=tenant_id,
                handler="parcels.keep_latest",
                event_id=rows[2].event_id,
                envelope={},
                reason="x",
            )
        )
        # Too old to be asked for.
        await uow.session.execute(
            text("DELETE FROM parcels.inbox WHERE event_id = :id"), {"id": rows[0].event_id}
        )
        await uow.session.execute(
            update(MODELS.outbox)
            .where(MODELS.outbox.id == rows[0].id)
            .values(published_at=since - timedelta(minutes=1))
        )

    async def pending() -> list[int]:
        async with context.unit_of_work(platform=True) as uow:
            wanted = select(MODELS.outbox.id).where(MODELS.outbox.published_at.is_(None))
            return list(await uow.session.scalars(wanted))

    (counted,) = await republish([context], since, dry_run=True)
    assert (counted.looked_at, counted.marked, await pending()) == (5, 1, [])
    (marked,) = await republish([context], since)
    assert (marked.looked_at, marked.marked, await pending()) == (5, 1, [rows[1].id])
    (whole,) = await republish([context], since - timedelta(days=1), everything=True)
    assert (whole.looked_at, whole.marked, len(await pending())) == (5, 5, 6)


async def test_a_service_that_takes_nothing_asks_for_nothing(
    context: ServiceContext, tenant_id: UUID
) -> None:
    deaf = ServiceContext(replace(SERVICE, subscriptions=()), context.common)
    await send(context, tenant_id, ParcelMoved(parcel_id=new_id(), step=1))
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(update(MODELS.outbox).values(published_at=uow.now))
    (found,) = await republish([deaf], await hour_ago(context))
    await deaf.close()
    assert (found.looked_at, found.marked) == (1, 0)


@pytest.mark.parametrize("replaced", [("parcels.keep_latest", "parcels.write_arrival"), ()])
async def test_what_retired_handlers_have_all_had_their_successor_has_had(
    context: ServiceContext, tenant_id: UUID, namespace: str, replaced: tuple[str, ...]
) -> None:
    broker = PostgresBroker(context.common.service_database_url("bus"), namespace=namespace)
    await broker.start()
    await broker.declare(BOTH)
    await send(context, tenant_id, *(ParcelMoved(parcel_id=new_id(), step=step) for step in range(3)))
    await drained(context, broker, *BOTH, arrivals=6)
    await broker.stop()
    # Of one event only one of the two had its effect.
    async with context.unit_of_work(platform=True) as uow:
        one = select(func.max(MODELS.outbox.event_id.cast(Text))).scalar_subquery()
        await uow.session.execute(
            delete(MODELS.inbox).where(
                MODELS.inbox.event_id.cast(Text) == one, MODELS.inbox.handler == KEEP_LATEST.name
            )
        )
    newer = in_batches((ParcelMoved,), "parcels.newer", write_batch, replaces=replaced)
    later = ServiceContext(replace(SERVICE, subscriptions=(newer,)), context.common)
    (found,) = await republish([later], await hour_ago(context), dry_run=True)
    await later.close()
    assert (found.looked_at, found.marked) == (3, 1 if replaced else 3)
