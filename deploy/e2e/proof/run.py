"""One run of the proof: set up, trade under faults, start everything anew, let it drain, compare."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.e2e.proof.book import Book
from deploy.e2e.proof.businesses import Registrar
from deploy.e2e.proof.buyers import Buyer
from deploy.e2e.proof.client import Client, GaveUp
from deploy.e2e.proof.compare import differences, events_handled, invariants
from deploy.e2e.proof.faults import Faults, Recovery
from deploy.e2e.proof.installation import Installation
from deploy.e2e.proof.overdue import Overdue
from deploy.e2e.proof.plan import make_plan
from deploy.e2e.proof.report import Report
from deploy.e2e.proof.rules import add_rules
from deploy.e2e.proof.shops import Shop, open_shop, staff_headers
from deploy.e2e.proof.subscribers import Subscriber
from deploy.e2e.proof.webhooks import WebhookRoad

_SIGN_IN_EVERY = 300.0
Say = Callable[[str], None]


Scenario = Callable[["Run", Client], Awaitable[None]]


@dataclass(frozen=True)
class Wanted:
    """What a run is to do.

    Attributes:
        kills: deaths by SIGKILL, at steps and at random moments together.
        seconds: how long faults and trade go on.
        steps: the moments to die at; None for as many of all as half the kills allow.
        visits: orders a buyer places; None to go on until the time is over.
        pace: seconds between two visits of a buyer, on average.
        stock: pieces of each scarce variant, per shop.
        power_cut: whether everything dies at once in the end, before it drains.
        drain: seconds that all may take to come to rest.
        in_turn: whether each death waits until the one before it is over.
        proxied: whether fault proxies stand between the processes.
        strict: whether clients try nothing again, and every request must be answered at the first try.
        scenario: what happens while there is trade, instead of the plan.
    """

    seed: int
    kills: int
    seconds: float
    buyers: int
    registrars: int = 4
    subscribers: int = 4
    shops: int = 2
    steps: tuple[str, ...] | None = None
    visits: int | None = None
    pace: float = 1.0
    stock: tuple[int, ...] = (40, 40, 25, 15, 10, 5)
    power_cut: bool = True
    drain: float = 240.0
    reservation_minutes: float = 0.5
    in_turn: bool = False
    proxied: bool = True
    strict: bool = False
    scenario: "Scenario | None" = None


class Run:
    """Carries out what is wanted in a folder of its own; `report` has the figures, whatever happened."""

    def __init__(self, wanted: Wanted, home: Path, repeat: str, say: Say) -> None:
        self.wanted = wanted
        self.report = Report(wanted.seed, repeat, buyers=wanted.buyers)
        self.installation = Installation(
            home,
            proxied=wanted.proxied,
            settings={
                "ORDERS_RESERVATION_MINUTES": str(wanted.reservation_minutes),
                "IDENTITY_CLOSED_KEPT_SECONDS": "0",
            },
        )
        self.book = Book()
        self.say = say
        self.staff: dict[str, str] = {}
        self.shops: list[Shop] = []
        self.rules: dict[str, dict[str, str]] = {}
        self._road: WebhookRoad | None = None
        self.faults: Faults | None = None

    async def __call__(self) -> Report:
        """The whole run."""
        started = time.monotonic()
        installation = self.installation
        try:
            self.say("starting Postgres and RabbitMQ")
            await installation.start()
            road = self._road = WebhookRoad(installation.url, random.Random(f"{self.wanted.seed} webhooks"))
            await road.start()
            road.is_rough = self.wanted.scenario is None
            installation.set("PAYMENTS_WEBHOOK_BASE_URL", road.url)
            self.say("starting the suite")
            await installation.up()
            client = Client(installation.url, self.book, strict=self.wanted.strict)
            try:
                await self._open(client)
                await self._trade(client)
                await self._settle(client)
            finally:
                await client.close()
        finally:
            self._note()
            self.report.seconds = time.monotonic() - started
            if self._road is not None:
                await self._road.stop()
            await installation.close()
        return self.report

    async def _open(self, client: Client) -> None:
        self.say("opening the shops")
        self.staff.update(await staff_headers(client))
        for _ in range(self.wanted.shops):
            self.shops.append(await open_shop(self.installation.url, list(self.wanted.stock)))
        if self.wanted.subscribers:
            self.rules = await add_rules(client, self.shops, self.staff)

    async def _trade(self, client: Client) -> None:
        wanted, stop = self.wanted, asyncio.Event()
        plan = make_plan(wanted.seed, wanted.kills, steps=wanted.steps)
        faults = self.faults = Faults(self.installation, wanted.seed, lambda: self.staff)
        buyers = [
            Buyer(n, wanted.seed, client, self.book, self.shops, lambda: faults.waiting_for)
            for n in range(wanted.buyers)
        ]
        registrars = [
            Registrar(n, wanted.seed, client, self.book, self.staff) for n in range(wanted.registrars)
        ]
        overdue = Overdue(self.installation.common.database_url)
        subscribers = [
            Subscriber(n, wanted.seed, client, self.book, self.shops, overdue)
            for n in range(wanted.subscribers)
        ]
        others: list[Registrar | Subscriber] = [*registrars, *subscribers]
        work = [asyncio.create_task(b.shop_for(stop, wanted.visits, wanted.pace)) for b in buyers]
        work += [
            asyncio.create_task(r.work(stop, wanted.visits and 3 * wanted.visits, wanted.pace))
            for r in others
        ]
        signing_in = asyncio.create_task(self._stay_signed_in(client))
        done = 0

        def on_step(fault: object) -> None:
            nonlocal done
            done += 1
            orders = Counter(bool(entry.order) for entry in self.book.orders)
            self.say(
                f"[{done}/{len(plan)}] {fault}   {orders[True]} orders, {sum(faults.killed.values())} deaths"
            )

        try:
            if wanted.scenario is not None:
                await wanted.scenario(self, client)
            else:
                await faults.carry_out(plan, wanted.seconds, on_step, in_turn=wanted.in_turn)
                self.say("waiting for the moments that are armed")
                await faults.finish(60)
            stop.set()
            self.say("letting the clients finish")
            await asyncio.gather(*work)
        finally:
            for task in (*work, signing_in):
                task.cancel()
            await asyncio.gather(*work, signing_in, return_exceptions=True)

    async def _stay_signed_in(self, client: Client) -> None:
        while True:
            await asyncio.sleep(_SIGN_IN_EVERY)
            with suppress(GaveUp):
                self.staff.update(await staff_headers(client))
                for shop in self.shops:
                    await shop.sign_in(client)

    async def _settle(self, client: Client) -> None:
        assert self._road is not None
        self._road.is_rough = False
        if self.wanted.power_cut:
            self.say("cutting the power: everything dies at once")
            await self.installation.power_cut()
            self.say("starting everything again")
            await self.installation.up()
        self.say("letting it drain")
        began = time.monotonic()
        found = await self._until_at_rest(client, began + self.wanted.drain)
        self.report.drained_seconds = time.monotonic() - began
        self.report.breaches += found
        self.report.events, self.report.events_handled = await events_handled(self.installation.common)

    async def _until_at_rest(self, client: Client, until: float) -> list[str]:
        """Look until nothing differs any more, or time is over: what differs then is a breach."""
        found: list[str] = []
        while True:
            try:
                found = await invariants(self.installation.common)
                if not found:
                    self.staff.update(await staff_headers(client))
                    found = await differences(client, self.book, self.shops, self.staff, self.rules)
            except GaveUp as error:
                found = [f"no answer while comparing: {error}"]
            if not found or time.monotonic() > until:
                return found
            self.say(f"letting it drain: {len(found)} differences, such as {found[0][:150]}")
            await asyncio.sleep(1)

    def _note(self) -> None:
        report, book = self.report, self.book
        report.answers = dict(sorted(book.statuses.items()))
        report.retries = dict(book.retries)
        report.gave_up = dict(book.gave_up)
        report.slowest_request = book.slowest
        report.notes = dict(book.notes)
        payments = Counter(said for entry in book.orders for said in entry.payments.values())
        report.orders = {
            "placed": len(book.accepted),
            "refused for want of stock": sum(e.refused == "insufficient-stock" for e in book.orders),
            "paid": payments["succeeded"],
            "cancelled": sum(e.cancelled for e in book.orders),
            "refunds": sum(len(e.refunds) for e in book.orders),
            "sent": sum(e.shipped for e in book.orders),
            "answers given twice": book.replays,
        }
        decided = Counter(entry.decided for entry in book.businesses)
        report.registrations = {
            "accepted": len(book.businesses),
            "won": decided["won"],
            "lost": decided["lost"],
            "closed": sum(entry.closed for entry in book.businesses),
        }
        report.subscriptions = {
            "sold": sum(entry.sold is not None for entry in book.subscriptions),
            "settled": sum(len(entry.paid) for entry in book.subscriptions),
            "not paid": sum(entry.dunned is not None for entry in book.subscriptions if entry.sold),
            "ending": sum(entry.ended is not None for entry in book.subscriptions),
            "contacts": sum(map(len, book.contacts.values())),
            "answers of the assistant": sum(len(talk.answers) for talk in book.talks),
        }
        if self._road is not None:
            report.webhooks = dict(self._road.done)
            report.breaches += [f"a genuine webhook was refused: {text}" for text in self._road.refused[:5]]
        report.breaches += [
            f"{s.method} {s.path} was answered with {s.status}: {s.text}" for s in book.strange[:20]
        ]
        report.breaches += [f"no Retry-After: {what} ({n})" for what, n in book.without_retry_after.items()]
        if self.faults is not None:
            faults = self.faults
            report.killed, report.broken = dict(faults.killed), dict(faults.broken)
            report.steps_reached, report.steps_missed = faults.reached, faults.missed
            report.connections_reset = sum(link.broken["reset"] for link in self.installation.links.values())
            slowest: dict[str, Recovery] = {}
            for recovery in faults.recoveries:
                known = slowest.get(recovery.what)
                if known is None or recovery.seconds > known.seconds:
                    slowest[recovery.what] = recovery
                if recovery.after_server > 5:
                    report.recoveries_over_5_s.append(str(recovery))
                if recovery.statuses["503 without Retry-After"]:
                    report.breaches.append(f"no Retry-After: after {recovery.what}")
            report.slowest_recoveries = [str(recovery) for recovery in slowest.values()]
