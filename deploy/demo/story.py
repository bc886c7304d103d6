"""The main story, played over HTTP through the gateway by `pillars up --story` and by the end-to-end tests.

Each step prints its result and time. It makes new accounts at every run, so it can be played again and again.
"""

import time

import httpx
from rich.console import Console

from deploy.demo.aftermath import Aftermath
from deploy.demo.opening import Opening
from deploy.demo.purchase import Purchase
from deploy.demo.registration import ADMIN, Registration
from deploy.demo.teller import StepFailed

__all__ = ["ADMIN", "Story", "play"]


class Story(Registration, Opening, Purchase, Aftermath):
    """The steps of the story, in order, each a method."""

    async def tell(self) -> None:
        """All steps."""
        for step in (
            self.a_business_registers,
            self.staff_see_it,
            self.the_deal_is_won,
            self.the_owner_sets_up_shop,
            self.a_client_buys,
            self.and_pays,
            self.it_is_sent,
            self.a_refund,
            self.everyone_sees_it,
        ):
            await step()


async def play(url: str, console: Console) -> bool:
    """Play the story against a gateway; true when every step held."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        teller = Story(http, console)
        console.print("[bold]The main story[/]")
        try:
            await teller.tell()
        except (StepFailed, httpx.HTTPError, KeyError, IndexError) as error:
            console.print(f"  [red]✗ {type(error).__name__}: {error}[/]\n", soft_wrap=True)
            return False
        console.print(f"  told in {time.monotonic() - teller.started:.1f} s\n")
        return True
