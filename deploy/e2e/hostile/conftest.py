"""Businesses that are attacked: one that refuses all of it, and one whose every request came under another host's name
and that names its goods like a formula."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from rich.console import Console

from deploy.demo.story import Story
from deploy.e2e.conftest import Shop, Suite, open_shop
from deploy.e2e.hostile.bodies import FORMULA, Document

EVIL = "evil.example"
SPOOFED = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-Original-URL": f"http://{EVIL}/",
    "Forwarded": f"host={EVIL};proto=gopher",
    "Origin": f"https://{EVIL}",
    "Referer": f"https://{EVIL}/",
}


@dataclass
class Spoofed:
    """The story of such a business up to the payment, and everything it was answered."""

    story: Story
    answers: list[str] = field(default_factory=list)

    async def note(self, response: httpx.Response) -> None:
        """Keep an answer (a hook of the client)."""
        await response.aread()
        self.answers.append(f"{response.headers} {response.text}")


@pytest.fixture(scope="session")
async def spoofed(suite: Suite) -> AsyncIterator[Spoofed]:
    """That business; one in each worker."""
    async with httpx.AsyncClient(base_url=suite.url, headers=SPOOFED, timeout=30) as http:
        story = Story(http, Console(quiet=True))
        found = Spoofed(story)
        http.event_hooks["response"] = [found.note]
        for step in (
            story.a_business_registers,
            story.staff_see_it,
            story.the_deal_is_won,
            story.the_owner_sets_up_shop,
        ):
            await step()
        products = await story.call("GET", "/products", who=story.owner)
        path = f"/products/{products['items'][0]['id']}"
        await story.call("PATCH", path, who=story.owner, json={"name": FORMULA})
        await story.a_client_buys()
        await story.and_pays()
        yield found


@pytest.fixture(scope="session")
async def besieged(suite: Suite) -> AsyncIterator[Shop]:
    """One business for all whose requests change nothing; one in each worker."""
    async with open_shop(suite) as opened:
        yield opened


@pytest.fixture(scope="session")
async def document(suite: Suite) -> Document:
    """The merged API document."""
    async with suite.client() as client:
        return Document((await client.get("/schema")).json())
