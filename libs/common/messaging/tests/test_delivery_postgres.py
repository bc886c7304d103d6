"""Delivery through Postgres."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from libs.common.db.migrate import migrate
from libs.common.ids import new_id
from libs.common.messaging.broker import Broker
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.failures import is_outage
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.tests.delivery_suite import (
    DeliverySuite,
    arrivals,
    pending,
    relaying,
    send,
)
from libs.common.messaging.tests.parcels.service import SERVICE, ParcelMoved
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.settings import CommonSettings
from libs.common.testing.brokers.things import MakeBroker
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import settings_for_tests


class TestDeliveryThroughPostgres(DeliverySuite):
    @pytest.fixture
    async def make_broker(self, settings: CommonSettings, namespace: str) -> AsyncIterator[MakeBroker]:
        brokers: list[Broker] = []

        async def make(**options: object) -> Broker:
            broker = PostgresBroker(
                settings.service_database_url("bus"),
                namespace=namespace,
                **options,  # type: ignore[arg-type]
            )
            brokers.append(broker)
            await broker.start()
            return broker

        yield make
        for broker in brokers:
            await broker.stop()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A durable server that the test may kill."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
async def test_nothing_is_lost_when_the_database_is_killed(
    own_postgres: EmbeddedPostgres, namespace: str, tenant_id: UUID
) -> None:
    settings = settings_for_tests(own_postgres.start())
    migrate([SERVICE], settings)
    context = ServiceContext(SERVICE, settings)
    broker = PostgresBroker(settings.service_database_url("bus"), namespace=namespace, retry_delays=(0.05,))
    await broker.start()
    await broker.declare(SERVICE.subscriptions)
    consumer = Consumer(context)
    await broker.consume(SERVICE.subscriptions, consumer.deliver, consumer.refuse)
    sent = [ParcelMoved(parcel_id=new_id(), step=step) for step in range(60)]

    async def arrived(count: int) -> bool:
        return len(await arrivals(context, tenant_id)) >= count

    async with relaying(context, broker, batch=5):
        await send(context, tenant_id, *sent[:30])
        await eventually(lambda: arrived(1))
        own_postgres.kill()
        own_postgres.start()

        async def sent_the_rest() -> bool:
            try:
                await send(context, tenant_id, *sent[30:])
            except (DBAPIError, psycopg.Error) as error:
                if is_outage(error):
                    return False
                raise
            return True

        await eventually(sent_the_rest)
        await eventually(lambda: arrived(60), seconds=40)
    assert sorted(await arrivals(context, tenant_id)) == [(event.parcel_id, event.step) for event in sent]
    assert await pending(context) == 0
    await broker.stop()
    await context.close()
