"""The two businesses, made once for all who look for one in the other."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.e2e.conftest import PATIENCE, Suite
from deploy.e2e.hostile.bodies import Document
from deploy.e2e.isolation.acting import patiently
from deploy.e2e.isolation.answers import Secrets
from deploy.e2e.isolation.insights import have_insights
from deploy.e2e.isolation.neighbours import Outsider, World, at_rest
from deploy.e2e.isolation.walk import Walk
from deploy.e2e.isolation.world import Business
from libs.common.runtime.registry import NAMES
from libs.common.testing.identity_provider import IdentityProvider, Internet
from services.identity.oidc.client import OidcClient


def is_whole(answer: httpx.Response) -> bool:
    """Whether every service is described in the merged API document."""
    return answer.status_code == 200 and set(NAMES) <= {
        tag["name"].partition(":")[0] for tag in answer.json()["tags"]
    }


@pytest.fixture(scope="session")
async def world(suite: Suite) -> AsyncIterator[World]:
    """The two businesses."""
    async with httpx.AsyncClient(base_url=suite.url, timeout=PATIENCE) as http:

        async def described() -> httpx.Response:
            return await http.get("/api/v1/schema")

        # Each service describes itself in a copy of its process, and says no where that takes too long.
        answer = await patiently("the API document", described, is_whole, pause=1)
        document = Document(answer.json())
        identity = suite.host.contexts["identity"]
        internet = Internet(
            found=lambda host: IdentityProvider(f"https://{host}", identity.clock, secret="secret")
        )
        providers = identity.resources["oidc"]
        identity.resources["oidc"] = OidcClient(identity, transport=lambda is_trusted: internet)
        one, two = Business(http, "one", internet), Business(http, "two", internet)

        async def settle(business: Business) -> None:
            http.event_hooks["response"] = [business.watch]
            await business.settle()
            await have_insights(suite, business)
            http.event_hooks["response"] = []

        await settle(one)
        outsider = await Outsider.of(one)
        await patiently("rest", lambda: at_rest(suite), bool, pause=1)
        nothing = Secrets(two.marker, set())
        looking = Walk(http, document, one, two, nothing, {})
        before = await looking.snapshot()
        await settle(two)
        await patiently("rest", lambda: at_rest(suite), bool, pause=1)
        after = await looking.snapshot()
        assert not looking.crossings, looking.crossings
        yield World(suite, http, document, one, two, outsider, before, after)
        identity.resources["oidc"] = providers
