"""The whole suite in this process, on a database of its own, behind a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from rich.console import Console

from deploy.demo.story import ADMIN, Story
from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.runtime.host import Host, listen
from libs.common.runtime.install import install
from libs.common.runtime.registry import load_all, load_gateway
from libs.common.settings import CommonSettings
from libs.common.testing.plugin import new_database, one_at_a_time, settings_for_tests

# How long an answer or an effect may take. How fast they come is tried elsewhere, and other tests run meanwhile.
PATIENCE = 180.0
# Nor does what was made early in a long test expire in it.
LASTING = {"IDENTITY_ACCESS_SECONDS": "7200", "ORDERS_RESERVATION_MINUTES": "120"}


@dataclass(frozen=True)
class Suite:
    """A running suite: its host, where it listens, its settings."""

    host: Host
    url: str
    settings: CommonSettings

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client of the gateway."""
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, timeout=PATIENCE)


@pytest.fixture(scope="session")
async def suite(postgres_url: str) -> AsyncIterator[Suite]:
    """All services and the gateway in one process, started once per worker."""
    with new_database(postgres_url, *load_all()) as database_url:
        listener = listen(18000)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = settings_for_tests(database_url, public_url=url)
        with one_at_a_time():
            await install(load_all(), settings)
        host = Host(load_all(), settings, gateway=load_gateway())
        stop = asyncio.Event()
        with pytest.MonkeyPatch.context() as environment:
            for name, value in LASTING.items():
                environment.setenv(name, value)
            app = await host.start()
        await host.bus_joined()
        serving = asyncio.create_task(host.serve(app, listener, stop))
        yield Suite(host, url, settings)
        stop.set()
        await serving
        await host.close()


@dataclass(frozen=True)
class Shop:
    """A business that trades, and the headers of its owner and of the operator's staff."""

    company: str
    owner: dict[str, str]
    staff: dict[str, str]
    variant: str
    story: Story


@asynccontextmanager
async def open_shop(suite: Suite) -> AsyncIterator[Shop]:
    """A new business, told by the story up to the point where it can sell."""
    async with httpx.AsyncClient(base_url=suite.url, timeout=PATIENCE) as http:
        story = Story(http, Console(quiet=True))
        for step in (
            story.a_business_registers,
            story.staff_see_it,
            story.the_deal_is_won,
            story.the_owner_sets_up_shop,
        ):
            await step()
        yield Shop(story.company, story.owner, story.staff, story.variant, story)


@pytest.fixture
async def shop(suite: Suite) -> AsyncIterator[Shop]:
    """A new business that trades."""
    async with open_shop(suite) as opened:
        yield opened


@pytest.fixture
async def staff(suite: Suite) -> dict[str, str]:
    """The headers of the operator's staff."""
    async with suite.client() as client:
        tokens = (await client.post("/auth/login", json=ADMIN)).json()
    return {"Authorization": f"Bearer {tokens['access']}", "X-Company-Id": str(OPERATOR_TENANT_ID)}
