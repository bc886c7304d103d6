"""Fixtures of the tests of subscriptions: they share a database, and each begins on a day that few months have."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import new_database, settings_for_tests
from services.payments.manifest import SERVICE
from services.payments.tests.orders_app import OrdersApp
from services.payments.tests.shop import Shop
from services.payments.tests.subscriptions.sold import Seller

BEGIN = datetime(2026, 1, 31, 10, tzinfo=UTC)
# The time goes back for the next test, to which what was due in this one, and when, is nothing.
FORGET = (
    "UPDATE payments.subscriptions SET due_at = NULL",
    "DELETE FROM payments.jobs",
    "DELETE FROM payments.job_schedules",
)


@pytest.fixture(scope="session")
async def moved(postgres_url: str) -> AsyncIterator[ServiceContext]:
    """The payments service with a database and a clock of its own, for the tests of a worker that move the time."""
    with new_database(postgres_url, SERVICE) as url:
        context = ServiceContext(SERVICE, settings_for_tests(url), clock=ManualClock(BEGIN))
        yield context
        await context.upstreams.close()
        await context.close()


@pytest.fixture
def seller(moved: ServiceContext, orders: OrdersApp, tenant_id: UUID) -> Seller:
    """A business that sells subscriptions, from the last day of January on."""
    with psycopg.connect(moved.common.database_url) as connection:
        for statement in FORGET:
            connection.execute(statement)
    moved.clock = clock = ManualClock(BEGIN)
    return Seller(Shop(Client(moved, user(tenant_id)), orders, tenant_id), clock)
