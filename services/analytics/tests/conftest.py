"""Fixtures of the analytics tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.analytics.manifest import SERVICE
from services.analytics.settings import AnalyticsSettings

OpenContext = Callable[..., Awaitable[ServiceContext]]


@pytest.fixture(scope="session")
async def open_context(make_context: MakeContext) -> AsyncIterator[OpenContext]:
    """A running analytics service on this worker's database; `clock` and `upstreams` apart, arguments are settings."""
    async with AsyncExitStack() as stack:

        async def make(*, clock: Any = None, upstreams: Any = None, **settings: Any) -> ServiceContext:
            chosen = {"assistant_stream_heartbeat_seconds": 0.05, "assistant_retry_seconds": 0, **settings}
            context = await make_context(
                SERVICE,
                clock=clock,
                upstreams=upstreams,
                settings=AnalyticsSettings(_env_file=None, **chosen),
            )
            for name, resource in SERVICE.resources.items():
                context.resources[name] = await stack.enter_async_context(resource(context))
            return context

        yield make


@pytest.fixture(scope="session")
async def context(open_context: OpenContext) -> ServiceContext:
    """The analytics service on this worker's database."""
    return await open_context()


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant who may do anything."""
    return Client(context, user(tenant_id))
