"""Businesses that register, and the staff who win or lose their deals."""

import asyncio
import random

from deploy.e2e.proof.book import Book, BusinessEntry
from deploy.e2e.proof.client import Client, GaveUp

_DEAL_SECONDS = 60
# The share of those let in that are closed again.
_CLOSED = 0.2


class Registrar:
    """Registers one business after another and has the staff decide on most of them."""

    def __init__(self, number: int, seed: int, client: Client, book: Book, staff: dict[str, str]) -> None:
        self.number = number
        self.run = f"{seed}-{number}"
        self.chance = random.Random(f"{seed} registrar {number}")
        self.client = client
        self.book = book
        self.staff = staff

    async def work(self, stop: asyncio.Event, visits: int | None, pace: float) -> None:
        """Register until told to stop, or so many times."""
        visit = 0
        while not stop.is_set() and (visits is None or visit < visits):
            visit += 1
            try:
                entry = await self._register(visit)
                if entry is not None:
                    await self._decide(entry)
                    await self._close(entry)
            except GaveUp:
                continue
            await asyncio.sleep(self.chance.uniform(0, 2 * pace))

    async def _register(self, visit: int) -> BusinessEntry | None:
        email, password = f"business-{self.run}-{visit}@example.com", f"Sunset-{self.run}-{visit}-x"
        body = {
            "email": email,
            "password": password,
            "first_name": "Sipho",
            "last_name": "Ndlovu",
            "business": {"name": f"Baobab {self.run} {visit}", "country": "ZA"},
            "product": "micro-sites",
        }
        answer = await self.client.call(
            "POST", "/auth/register", json=body, expect=(201, 409), chance=self.chance
        )
        if answer.status == 201:
            entry = BusinessEntry(email, answer.body["company"]["id"], answer.body["registration"]["id"])
            self.book.businesses.append(entry)
            return entry
        if answer.status == 409 and answer.tries > 1:
            # An earlier try went through and its answer was lost: the account is there, with our password.
            self.book.notes["registered by a try whose answer was lost"] += 1
            signed = await self.client.call(
                "POST", "/auth/login", json={"email": email, "password": password}
            )
            if signed.status == 200:
                return await self._known(email)
        return None

    async def _known(self, email: str) -> BusinessEntry | None:
        found = await self.client.call("GET", "/registrations", who=self.staff, params={"q": email})
        mine = [r for r in (found.body or {}).get("items", ()) if r["owner_email"] == email]
        if not mine:
            self.book.notes["an account without its registration"] += 1
            return None
        entry = BusinessEntry(email, mine[0]["company_id"], mine[0]["id"])
        self.book.businesses.append(entry)
        return entry

    async def _decide(self, entry: BusinessEntry) -> None:
        mood = self.chance.random()
        if mood < 0.1:
            return
        deal = await self._deal(entry)
        if deal is None:
            self.book.notes["a deal that did not open while the staff waited"] += 1
            return
        entry.decided = "doubtful"
        decision, body = ("lose", {"lost_reason": "No licence"}) if mood < 0.2 else ("win", {})
        answer = await self.client.call(
            "POST",
            f"/deals/{deal}/{decision}",
            who=self.staff,
            json=body,
            expect=(200, 409),
            chance=self.chance,
        )
        if answer.status == 200 or (answer.status == 409 and answer.tries > 1):
            entry.decided = "won" if decision == "win" else "lost"

    async def _close(self, entry: BusinessEntry) -> None:
        """Now and then a business that was let in is closed at once; what it had is erased."""
        if entry.decided != "won" or self.chance.random() > _CLOSED:
            return
        entry.decided = "doubtful"
        answer = await self.client.call(
            "DELETE",
            f"/tenants/{entry.company}",
            who=self.staff,
            expect=(204, 409),
            chance=self.chance,
        )
        entry.decided = "won"
        entry.closed = answer.status == 204 or answer.tries > 1

    async def _deal(self, entry: BusinessEntry) -> str | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _DEAL_SECONDS
        while loop.time() < until:
            found = await self.client.call(
                "GET", "/deals", who=self.staff, params={"registration_id": entry.registration}, expect=(200,)
            )
            items = (found.body or {}).get("items") or []
            if items:
                return str(items[0]["id"])
            await asyncio.sleep(0.5)
        return None
