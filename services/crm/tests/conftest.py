"""Fixtures of the crm tests."""

from uuid import UUID

import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.crm.manifest import SERVICE
from services.crm.tests.factories import Crm


@pytest.fixture(scope="session")
async def context(make_context: MakeContext) -> ServiceContext:
    """The crm service on this worker's database."""
    return await make_context(SERVICE)


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant who may do anything."""
    return Client(context, user(tenant_id))


@pytest.fixture
def crm(client: Client) -> Crm:
    """Makes rows in the test's tenant, over HTTP."""
    return Crm(client)


@pytest.fixture
async def timed(make_context: MakeContext, tenant_id: UUID) -> tuple[Client, ManualClock]:
    """A client of a service whose clock the test moves."""
    clock = ManualClock()
    return Client(await make_context(SERVICE, clock=clock), user(tenant_id)), clock
