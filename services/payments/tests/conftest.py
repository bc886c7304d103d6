"""Fixtures of the payments tests."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx
import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.payments.manifest import SERVICE
from services.payments.providers.simulator.delivery import HTTP_RESOURCE
from services.payments.tests.front import Front
from services.payments.tests.identity_app import IdentityApp
from services.payments.tests.orders_app import OrdersApp
from services.payments.tests.shop import Shop


@pytest.fixture(scope="session")
def orders() -> OrdersApp:
    """A stand-in for the orders service, shared by the tests of a worker."""
    return OrdersApp()


@pytest.fixture(scope="session")
def identity() -> IdentityApp:
    """A stand-in for the identity service, shared by the tests of a worker."""
    return IdentityApp()


@pytest.fixture(scope="session")
async def context(
    make_context: MakeContext, orders: OrdersApp, identity: IdentityApp
) -> AsyncIterator[ServiceContext]:
    """The payments service on this worker's database; webhooks it sends come back through the front."""
    context = await make_context(SERVICE)
    context.upstreams = Upstreams({}, context.signer, context.clock)
    context.upstreams.register("orders", orders)
    context.upstreams.register("identity", identity)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Front(context))) as http:
        context.resources[HTTP_RESOURCE] = http
        yield context


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant who may do anything."""
    return Client(context, user(tenant_id))


@pytest.fixture
def shop(client: Client, orders: OrdersApp, tenant_id: UUID) -> Shop:
    """A business that can be paid."""
    return Shop(client, orders, tenant_id)


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the isolated shop."""
    return ManualClock()


@pytest.fixture
async def isolated(
    fresh_database: Callable[..., CommonSettings],
    orders: OrdersApp,
    identity: IdentityApp,
    tenant_id: UUID,
    clock: ManualClock,
) -> AsyncIterator[Shop]:
    """A shop with a database and a clock to itself, for tests that move the time under timed jobs."""
    settings = fresh_database(SERVICE)
    context = ServiceContext(SERVICE, settings, clock=clock)
    context.upstreams.register("orders", orders)
    context.upstreams.register("identity", identity)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Front(context))) as http:
        context.resources[HTTP_RESOURCE] = http
        yield Shop(Client(context, user(tenant_id)), orders, tenant_id)
    await context.upstreams.close()
    await context.close()


@pytest.fixture
def front(isolated: Shop) -> Front:
    """What stands before the isolated shop."""
    transport = isolated.context.resources[HTTP_RESOURCE]._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Front)
    return transport.app
