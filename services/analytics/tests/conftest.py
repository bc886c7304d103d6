"""Fixtures of the analytics tests."""

from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.analytics.manifest import SERVICE


@pytest.fixture(scope="session")
async def context(make_context: MakeContext) -> ServiceContext:
    """The analytics service on this worker's database."""
    return await make_context(SERVICE)


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant who may do anything."""
    return Client(context, user(tenant_id))
