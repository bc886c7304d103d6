"""Buyers: each fills a cart, orders, pays or does not; now and then the shop cancels, refunds or ships."""

import asyncio
import random
import uuid
from collections.abc import Callable, Collection
from typing import Any

from deploy.e2e.proof.book import Book, OrderEntry
from deploy.e2e.proof.client import Answer, Client, GaveUp
from deploy.e2e.proof.shops import Shop

_ADDRESS = {"line1": "1 Main Road", "city": "Durban", "postal_code": "4001", "country": "ZA"}
_PAID = frozenset({"paid", "fulfilling", "shipped", "delivered", "completed"})
_LATE_SECONDS = 3.0
# Below which mood an order is cancelled, money is given back, or the goods are sent.
_CANCEL, _REFUND, _SHIP = 0.1, 0.25, 0.35


class Buyer:
    """One buyer with a randomness of its own; `visits` of them follow each other, each with a cart of its own.

    `awaited` tells the moments that somebody should come to: those to which few buyers do.
    """

    def __init__(
        self,
        number: int,
        seed: int,
        client: Client,
        book: Book,
        shops: list[Shop],
        awaited: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self.number = number
        self._awaited = awaited
        self.chance = random.Random(f"{seed} buyer {number}")
        self.client = client
        self.book = book
        self.shops = shops

    async def shop_for(self, stop: asyncio.Event, visits: int | None, pace: float) -> None:
        """Visit until told to stop, or so many times; `pace` seconds lie between two visits on average."""
        visit = 0
        while not stop.is_set() and (visits is None or visit < visits):
            await asyncio.sleep(self.chance.uniform(0, 2 * pace))
            if stop.is_set():
                return
            visit += 1
            try:
                await self._visit(visit, stop)
            except GaveUp:
                continue

    async def _visit(self, visit: int, stop: asyncio.Event) -> None:
        shop = self.chance.choice(self.shops)
        email = f"buyer-{self.number}-{visit}@example.com"
        cart = await self._cart(shop)
        if cart is None:
            return
        entry = OrderEntry(email, shop.company, cart["id"])
        self.book.orders.append(entry)
        who = {**shop.guest, "X-Cart-Token": cart["token"]}
        if not await self._order(entry, who):
            return
        await self._pay(entry, who)
        if not stop.is_set():
            await self._afterwards(entry, shop, who)

    async def _cart(self, shop: Shop) -> dict[str, Any] | None:
        call = self._call
        made = await call("POST", "/carts", who=shop.guest, json={"currency": "ZAR"})
        if made.status != 201:
            return None
        cart: dict[str, Any] = made.body
        who, path = {**shop.guest, "X-Cart-Token": cart["token"]}, f"/carts/{cart['id']}"
        wanted = self.chance.sample(sorted(shop.opening), self.chance.choice((1, 1, 2)))
        for variant in wanted:
            body = {"variant_id": variant, "quantity": self.chance.choice((1, 1, 1, 2, 3))}
            await call("POST", f"{path}/items", who=who, json=body)
        await call("PUT", f"{path}/address", who=who, json=_ADDRESS)
        methods = await call("GET", "/shipping/methods", who=who, params={"cart_id": cart["id"]})
        if methods.status != 200:
            return None
        chosen = {"method_id": methods.body["items"][0]["id"]}
        await call("PUT", f"{path}/shipping", who=who, json=chosen)
        return cart

    async def _order(self, entry: OrderEntry, who: dict[str, str]) -> bool:
        key = self._key()
        path = f"/carts/{entry.cart}/checkout"

        async def check_out() -> Answer:
            return await self._call(
                "POST", path, who=who, json={"email": entry.email}, key=key, expect=(201, 409)
            )

        entry.doubtful = True
        # Some press the button twice; both presses are one wish.
        presses = 2 if self.chance.random() < 0.1 else 1
        answers = await asyncio.gather(*(check_out() for _ in range(presses)))
        entry.doubtful = False
        entry.tries = sum(answer.tries for answer in answers)
        for answer in answers:
            if answer.status == 201:
                if entry.order is not None and entry.order["id"] != answer.body["id"]:
                    self.book.notes["one key made two orders"] += 1
                entry.order = answer.body
                self.book.replays += "idempotency-replayed" in answer.headers
            elif answer.status == 409:
                entry.refused = answer.slug
                if answer.slug != "insufficient-stock":
                    self.book.notes[f"checkout refused: {answer.slug}"] += 1
        return entry.order is not None

    async def _pay(self, entry: OrderEntry, who: dict[str, str]) -> None:
        mood = self.chance.random()
        if mood < 0.12:
            return  # Walks away: the order lapses and its stock is free again.
        if mood < 0.2:
            await asyncio.sleep(self.chance.uniform(0, _LATE_SECONDS))
        if mood > 0.9 and not await self._pay_once(entry, who, "failure"):
            return
        await self._pay_once(entry, who, "success")

    async def _pay_once(self, entry: OrderEntry, who: dict[str, str], outcome: str) -> bool:
        started = await self._call(
            "POST",
            "/payments/checkouts",
            who=who,
            json={"order_id": entry.order_id},
            key=self._key(),
            expect=(201, 409),
        )
        if started.status != 201:
            return False
        payment = started.body["payment_id"]
        entry.payments.setdefault(payment, "opened")
        page = started.body["redirect_url"]
        decided = await self._call("POST", page, json={"outcome": outcome}, expect=(200,))
        if decided.status == 200:
            entry.payments[payment] = decided.body["status"]
        return decided.status == 200

    def _mood(self) -> float:
        mood = self.chance.random()
        for moment in self._awaited():
            if "order_cancelled" in moment:
                return mood * _CANCEL
            if "refund" in moment:
                return _CANCEL + mood * (_REFUND - _CANCEL)
        return mood

    async def _afterwards(self, entry: OrderEntry, shop: Shop, who: dict[str, str]) -> None:
        mood = self._mood()
        if mood > _SHIP or "succeeded" not in entry.payments.values():
            if mood < _CANCEL:
                await self._cancel(entry, shop)
            return
        if mood < _CANCEL:
            await self._cancel(entry, shop)
            return
        if not await self._is_paid(entry, who):
            return
        if mood < _REFUND:
            await self._refund(entry, shop)
        else:
            await self._ship(entry, shop)

    async def _is_paid(self, entry: OrderEntry, who: dict[str, str]) -> bool:
        for _ in range(12):
            found = await self._call("GET", f"/orders/{entry.order_id}", who=who, expect=(200,))
            if found.status == 200 and found.body["status"] in _PAID:
                return True
            await asyncio.sleep(1)
        return False

    async def _cancel(self, entry: OrderEntry, shop: Shop) -> None:
        answer = await self._call(
            "POST",
            f"/orders/{entry.order_id}/cancel",
            who=shop.owner,
            json={"reason": "Changed my mind"},
            expect=(200, 409),
        )
        entry.cancelled = entry.cancelled or answer.status == 200

    async def _refund(self, entry: OrderEntry, shop: Shop) -> None:
        payment = next(p for p, said in entry.payments.items() if said == "succeeded")
        amount = self.chance.randint(1, 500)
        answer = await self._call(
            "POST",
            f"/payments/{payment}/refund",
            who=shop.owner,
            json={"amount": {"amount": amount, "currency": "ZAR"}, "reason": "One bag was torn"},
            key=self._key(),
            expect=(201, 409),
        )
        if answer.status == 201:
            entry.refunds[answer.body["id"]] = amount

    async def _ship(self, entry: OrderEntry, shop: Shop) -> None:
        path = f"/orders/{entry.order_id}/shipments"
        answer = await self._call("POST", path, who=shop.owner, json={}, expect=(201, 409))
        entry.shipped = entry.shipped or answer.status == 201

    async def _call(self, method: str, path: str, **options: Any) -> Answer:
        return await self.client.call(method, path, chance=self.chance, **options)

    def _key(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
