"""Fixtures of the orders tests."""

from uuid import UUID

import pytest

from libs.common.actor import ActorSigner
from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.orders.manifest import SERVICE
from services.orders.tests.catalog_app import CatalogApp
from services.orders.tests.shop import Shop


@pytest.fixture(scope="session")
def clock() -> ManualClock:
    """The clock of the service; tests move it forward."""
    return ManualClock()


@pytest.fixture(scope="session")
async def catalog(common_settings: CommonSettings) -> CatalogApp:
    """The stand-in for the catalog."""
    app = CatalogApp()
    app.signer = ActorSigner(common_settings.secret_key.get_secret_value())
    return app


@pytest.fixture(scope="session")
async def context(
    make_context: MakeContext, clock: ManualClock, catalog: CatalogApp, common_settings: CommonSettings
) -> ServiceContext:
    """The orders service on this worker's database, with the stand-in for the catalog."""
    upstreams = Upstreams({}, ActorSigner(common_settings.secret_key.get_secret_value()), clock)
    upstreams.register("catalog", catalog.app)
    return await make_context(SERVICE, clock=clock, upstreams=upstreams)


@pytest.fixture
def shop(context: ServiceContext, clock: ManualClock, catalog: CatalogApp, tenant_id: UUID) -> Shop:
    """The test's own shop."""
    return Shop(context, clock, catalog.shelf(tenant_id), tenant_id)


@pytest.fixture
def client(shop: Shop) -> Client:
    """A client acting as the owner of the test's shop."""
    return shop.client
