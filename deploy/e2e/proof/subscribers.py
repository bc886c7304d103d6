"""Subscriptions whose periods fall due while faults and trade go on, the customers they are of, and questions about them."""

import asyncio
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.e2e.proof.book import Book, SubscriptionEntry, TalkEntry
from deploy.e2e.proof.client import Answer, Client, GaveUp
from deploy.e2e.proof.overdue import DUNNING, Overdue
from deploy.e2e.proof.shops import Shop

DAY = timedelta(days=1)
# The next period begins so many seconds after the sale.
_SOON = (2.0, 20.0)
# Of that many periods more is due at once than one transaction takes.
_LONG_AGO = 30
# A forecast takes a process of its own some seconds.
_FORECASTS_EVERY = 12
_QUESTIONS = ("How many orders did we have today?", "What is our revenue this month?")


class Subscriber:
    """Sells one subscription after another, and now and then changes it, settles an invoice of it, lets it end, or
    lets time pass for one that nobody pays."""

    def __init__(
        self, number: int, seed: int, client: Client, book: Book, shops: list[Shop], overdue: Overdue
    ) -> None:
        self.number = number
        self.chance = random.Random(f"{seed} subscriber {number}")
        self.client = client
        self.book = book
        self.shops = shops
        self.overdue = overdue

    async def work(self, stop: asyncio.Event, visits: int | None, pace: float) -> None:
        """Sell until told to stop, or so many times; `pace` seconds lie between two sales on average."""
        visit = 0
        while not stop.is_set() and (visits is None or visit < visits):
            visit += 1
            shop = self.chance.choice(self.shops)
            email = f"subscriber-{self.number}-{visit}@example.com"
            try:
                await self._contact(shop, email)
                entry = await self._sell(shop, email)
                if entry is not None:
                    await self._afterwards(entry, shop)
                await self._ask(shop)
                if visit % _FORECASTS_EVERY == 0:
                    await self._forecast(shop)
            except GaveUp:
                pass
            await asyncio.sleep(self.chance.uniform(0, 2 * pace))

    async def _contact(self, shop: Shop, email: str) -> None:
        body = {"first_name": "Thandi", "email": email}
        answer = await self._call("POST", "/contacts", who=shop.owner, json=body, expect=(201,))
        if answer.status == 201:
            self.book.contacts[shop.company].add(answer.body["id"])

    async def _sell(self, shop: Shop, email: str) -> SubscriptionEntry | None:
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.chance.uniform(*_SOON))
        mood = self.chance.random()
        # Some begin soon, of some a trial ends soon, and the others have been running for days, a few for long.
        trial = 1 if mood < 0.2 else 0
        days = trial if mood < 0.4 else _LONG_AGO if mood > 0.95 else self.chance.randint(1, 4)
        starts_at = (soon - days * DAY).replace(microsecond=0)
        entry = SubscriptionEntry(email, shop.company, starts_at + trial * DAY)
        plan = {
            "name": "Beans every day",
            "amount": {"amount": self.chance.choice((999, 2500, 12_001)), "currency": "ZAR"},
            "interval": "day",
            "trial_days": trial,
        }
        body: dict[str, Any] = {"customer": {"name": "Thandi Nkosi", "email": email}, "plan": plan}
        body |= {"starts_at": starts_at.isoformat(), "tax_rate_ppm": 150_000}
        if 0.6 < mood < 0.75:
            # It has begun, and nobody will pay it.
            entry.dunned = self.chance.choice(("cancelled", "unpaid"))
            then = "cancel" if entry.dunned == "cancelled" else "unpaid"
            body |= {"due_days": 0, "dunning": {**DUNNING, "then": then}}
        self.book.subscriptions.append(entry)
        entry.doubtful = True
        answer = await self._call("POST", "/subscriptions", who=shop.owner, json=body, key=self._key())
        entry.doubtful = False
        if answer.status == 201:
            entry.sold = answer.body
        return entry if entry.sold else None

    async def _afterwards(self, entry: SubscriptionEntry, shop: Shop) -> None:
        assert entry.sold is not None
        if entry.dunned:
            entry.unsure = True
            await self.overdue.let_be(entry.sold["id"])
            entry.unsure = False
            return
        path = f"/subscriptions/{entry.sold['id']}"
        mood = self.chance.random()
        if mood < 0.4 and entry.sold["period"]:
            more = {
                "quantity": self.chance.randint(2, 9),
                "proration": self.chance.choice(("now", "next_invoice")),
            }
            entry.unsure = True
            changed = await self._call("POST", f"{path}/change", who=shop.owner, json=more, key=self._key())
            entry.unsure = False
            if changed.status == 200:
                entry.quantity = changed.body["quantity"]
        if mood > 0.5 and entry.sold["latest_invoice_id"]:
            invoice = entry.sold["latest_invoice_id"]
            paid = await self._call(
                "POST", f"/invoices/{invoice}/pay", who=shop.owner, json={"method": "cash"}, key=self._key()
            )
            if paid.status == 200:
                entry.paid.append(invoice)
        if mood > 0.85:
            body = {"when": "period_end", "reason": "Had enough beans"}
            entry.unsure = True
            ended = await self._call("POST", f"{path}/cancel", who=shop.owner, json=body, expect=(200, 409))
            entry.unsure = False
            if ended.status == 200:
                entry.ended = ended.body["period"]

    async def _ask(self, shop: Shop) -> None:
        if self.chance.random() < 0.5:
            return
        begun = await self._call("POST", "/ai/conversations", who=shop.owner, json={"title": "How we do"})
        if begun.status != 201:
            return
        talk = TalkEntry(shop.company, begun.body["id"])
        self.book.talks.append(talk)
        for question in _QUESTIONS:
            talk.asked += 1
            said = await self._call(
                "POST",
                f"/ai/conversations/{talk.id}/ask",
                who=shop.owner,
                json={"prompt": question},
                key=self._key(),
                expect=(201, 202, 409),
            )
            if said.status == 201:
                talk.answers[said.body["message"]["id"]] = said.body["answer"]

    async def _forecast(self, shop: Shop) -> None:
        path = "/insight-analytics/demand-forecast/refresh"
        await self._call("POST", path, who=shop.owner, json={"grain": "day"}, expect=(202,), patience=20.0)

    async def _call(self, method: str, path: str, **options: Any) -> Answer:
        return await self.client.call(method, path, chance=self.chance, **options)

    def _key(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
