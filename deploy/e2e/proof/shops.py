"""The businesses that sell during the proof: set up before the first fault, with stock that will not be enough."""

from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console

from deploy.demo.story import ADMIN, Story
from deploy.e2e.proof.client import Client

PRICES = (1999, 4950, 12000, 789)


@dataclass
class Shop:
    """A business that sells: its id, its owner's headers, and its stock at the opening, by variant."""

    company: str
    owner: dict[str, str]
    credentials: dict[str, str]
    opening: dict[str, int]

    @property
    def guest(self) -> dict[str, str]:
        """The headers of somebody who just looks."""
        return {"X-Company-Id": self.company}

    async def sign_in(self, client: Client) -> None:
        """Make the owner's credential new: it does not live as long as a long proof."""
        answer = await client.call("POST", "/auth/login", json=self.credentials)
        self.owner["Authorization"] = f"Bearer {answer.body['access']}"


async def open_shop(url: str, stock: list[int]) -> Shop:
    """A business set up as the story tells it, with one scarce variant for each number in `stock`."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        story = Story(http, Console(quiet=True))
        for step in (
            story.a_business_registers,
            story.staff_see_it,
            story.the_deal_is_won,
            story.the_owner_sets_up_shop,
        ):
            await step()
        variants = [
            {
                "sku": f"SCARCE-{number}",
                "price": {"amount": PRICES[number % len(PRICES)], "currency": "ZAR"},
                "options": {"size": f"{number}"},
                "weight_g": 100,
            }
            for number in range(len(stock))
        ]
        product = await story.call(
            "POST",
            "/products",
            status=201,
            who=story.owner,
            json={"name": "Scarce", "type": "goods", "status": "active", "variants": variants},
        )
        opening = {story.variant: 100}
        for variant, pieces in zip(product["variants"], stock, strict=True):
            body: dict[str, Any] = {"store_id": story.store, "variant_id": variant["id"]}
            body |= {"quantity_delta": pieces, "reason": "opening"}
            await story.call("POST", "/inventory/adjustments", status=201, who=story.owner, json=body)
            opening[variant["id"]] = pieces
        credentials = {"email": f"owner-{story.run}@example.com", "password": f"Sunrise-{story.run}-9"}
        return Shop(story.company, story.owner, credentials, opening)


async def staff_headers(client: Client) -> dict[str, str]:
    """The headers of the operator's staff."""
    answer = await client.call("POST", "/auth/login", json=ADMIN)
    return {"Authorization": f"Bearer {answer.body['access']}"}
