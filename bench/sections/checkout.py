"""Orders a second and CPU per order, beside a bare script that commits the same statements."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.bare import BareScript, Done, Script
from bench.bare_database import BareDatabase
from bench.bench import Bench
from bench.capture import Capture, Transaction, statements
from bench.load import Load, Seen, offer
from bench.report import Row, least, most
from bench.shop import Shop
from bench.stats import Sample
from bench.suite import Suite

SECTION = "checkout"
SHOPS = 4
CONNECTIONS = 8
_PARTS = ("gateway", "orders", "catalog", "other services", "postgres", "rabbitmq")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one order took: how fast they came, and CPU milliseconds by part, what its events cost included."""

    rate: float
    parts: dict[str, float]
    seen: Seen
    at_rest: float

    @property
    def cpu(self) -> float:
        """All parts."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Turn:
    """One run: the three things measured one after the other, so that they share what else the machine did."""

    bare: Done
    bare_postgres_ms: float
    reading: Done
    reading_postgres_ms: float
    alone: Cost
    whole: Cost
    idle_ms: float

    @property
    def bare_cpu(self) -> float:
        """CPU milliseconds of one bare checkout, script and Postgres."""
        return (self.bare.cpu_ms + self.bare_postgres_ms) / self.bare.count

    @property
    def reading_cpu(self) -> float:
        """The same where the script also sends what the checkout reads and locks."""
        return (self.reading.cpu_ms + self.reading_postgres_ms) / self.reading.count


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite, options = bench.suite, bench.options
    shops = bench.shops(options.some(SHOPS, 2))
    bare_count, count = options.some(2000, 300), options.some(400, 60)
    bench.say("capturing what one checkout commits")
    bare = BareDatabase(suite)
    captured, carts = _capture(suite, shops, bare)
    pairs = list(zip(carts, captured, strict=True))
    changes = [bare.script(cart, found, reads=False) for cart, found in pairs]
    whole = [bare.script(cart, found, reads=True) for cart, found in pairs]
    warm = options.some(200, 40)
    bare.fill(list(zip(carts, whole, strict=True)), 2 * (warm + bare_count * options.runs))
    _bare(suite, bare, changes, 0, warm)
    _bare(suite, bare, whole, warm, warm)
    bench.say("warming up")
    offer(_load(suite, "whole", shops, warm))
    suite.settle()
    first = iter(range(2 * warm, 2 * (warm + bare_count * options.runs), 2 * bare_count))
    turns = bench.runs(
        "bare script, checkout alone, whole path",
        lambda: _turn(suite, bare, (changes, whole), shops, next(first), bare_count, count),
    )
    return _rows(turns, captured[0])


def _capture(
    suite: Suite, shops: list[Shop], bare: BareDatabase
) -> tuple[list[list[Transaction]], list[str]]:
    # Two before the one that counts: the first order of a shop makes its row of document numbers.
    offer(_load(suite, "whole", shops, 2 * len(shops)))
    items = [shop.to_json() for shop in shops]
    carts = offer(Load(suite.url, "fill", items, connections=1, count=len(shops), keep=True)).results
    suite.settle()
    bare.take([shop.tenant_id for shop in shops], [cart["id"] for cart in carts])
    captured = []
    for cart in carts:
        with statements(suite) as capture:
            order = offer(Load(suite.url, "checkout", [cart], connections=1, count=1, keep=True)).results[0]
        captured.append(checkout_transactions(capture, cart["id"], order["id"]))
    return captured, [cart["id"] for cart in carts]


def checkout_transactions(capture: Capture, cart: str, order: str) -> list[Transaction]:
    """What the request itself committed: not its relays and consumers, and not what only read."""
    return [
        transaction
        for transaction in capture.transactions
        if transaction.application in ("pillars-orders", "pillars-catalog")
        and (transaction.mentions(cart) or transaction.mentions(order))
        and any(s.is_change for s in transaction.statements)
        and not any(".inbox" in s.sql for s in transaction.statements)
    ]


def _turn(
    suite: Suite,
    bare: BareDatabase,
    scripts: tuple[list[Script], list[Script]],
    shops: list[Shop],
    first: int,
    bare_count: int,
    count: int,
) -> Turn:
    done, postgres = _bare(suite, bare, scripts[0], first, bare_count)
    reading, reading_postgres = _bare(suite, bare, scripts[1], first + bare_count, bare_count)
    items = [shop.to_json() for shop in shops]
    filling = Load(suite.url, "fill", items, connections=CONNECTIONS, count=count, keep=True)
    carts = offer(filling).results
    suite.settle()
    idle = suite.idle()
    alone = cost(suite, Load(suite.url, "checkout", carts, connections=CONNECTIONS, count=count), idle)
    whole = cost(suite, _load(suite, "whole", shops, count), idle)
    return Turn(done, postgres, reading, reading_postgres, alone, whole, sum(idle.values()))


def _bare(
    suite: Suite, bare: BareDatabase, scripts: list[Script], first: int, count: int
) -> tuple[Done, float]:
    script = BareScript(bare.url, scripts, first=first, count=count, connections=CONNECTIONS)
    before = suite.cpu()["postgres"]
    done = script.go()
    return done, suite.cpu()["postgres"] - before


def _load(suite: Suite, work: str, shops: list[Shop], count: int) -> Load:
    items = [shop.to_json() for shop in shops]
    return Load(suite.url, work, items, connections=CONNECTIONS, count=count)


def cost(suite: Suite, load: Load, idle: dict[str, float]) -> Cost:
    """Run a load of orders and wait until their events were handled; what that took by order.

    While the load runs all counts. While the last events are waited for, what the suite uses at rest does not.
    """
    before, began = suite.cpu(), time.monotonic()
    seen = offer(load)
    ended = time.monotonic()
    suite.settle()
    waited = time.monotonic() - ended
    used = {name: ms - before[name] - idle[name] * waited for name, ms in suite.cpu().items()}
    parts = {name: used.pop(name) / seen.count for name in _PARTS if name in used}
    parts["other services"] = sum(used.values()) / seen.count
    at_rest = sum(idle.values()) * (ended - began) / seen.count
    return Cost(seen.rate, parts, seen, at_rest)


def _rows(turns: list[Turn], captured: list[Transaction]) -> list[Row]:
    def figures(pick: Callable[[Turn], float]) -> Sample:
        return Sample.of([pick(turn) for turn in turns])

    bare_rate = figures(lambda t: t.bare.count / t.bare.seconds)
    bare_cpu = figures(lambda t: t.bare_cpu)
    reading_cpu = figures(lambda t: t.reading_cpu)
    changes = sum(s.is_change for t in captured for s in t.statements)
    sent = sum(len(t.statements) for t in captured)
    return [
        Row(
            SECTION,
            "checkout alone, closed loop",
            "orders/s",
            figures(lambda t: t.alone.rate),
            bare_rate,
            f"psycopg script, one process, {CONNECTIONS} connections: the {changes} changes in "
            f"{len(captured)} transactions that one checkout commits (of {sent} statements in these)",
            least(0.25, "ratio"),
        ),
        Row(
            SECTION,
            "… a process of orders can do, by its CPU",
            "orders/s",
            figures(lambda t: 1000 / max(t.alone.parts[p] for p in ("gateway", "orders", "catalog"))),
            bare_rate,
            "1 s / CPU of the busiest process, its relay and consumers included",
            least(0.25, "ratio"),
        ),
        Row(SECTION, "… latency p50", "ms", figures(lambda t: t.alone.seen.p50)),
        Row(SECTION, "… latency p99", "ms", figures(lambda t: t.alone.seen.p99)),
        Row(
            SECTION,
            "checkout alone, server CPU",
            "ms/order",
            figures(lambda t: t.alone.cpu),
            bare_cpu,
            "CPU of script and Postgres for one bare checkout",
        ),
        *_parts([t.alone for t in turns]),
        Row(SECTION, "whole path, 6 calls", "orders/s", figures(lambda t: t.whole.rate)),
        Row(SECTION, "… latency of the six p50", "ms", figures(lambda t: t.whole.seen.p50)),
        Row(
            SECTION,
            "whole path, server CPU",
            "ms/order",
            figures(lambda t: t.whole.cpu),
            bare_cpu,
            "all processes and servers, events of all consumers handled",
            most(16, "ratio"),
        ),
        Row(
            SECTION,
            "… beside all statements of that checkout",
            "ms/order",
            figures(lambda t: t.whole.cpu),
            reading_cpu,
            f"the script sends all {sent} statements: what the checkout reads and locks too",
            most(16, "ratio"),
        ),
        *_parts([t.whole for t in turns]),
        Row(
            SECTION,
            "… less what the suite at rest uses in that time",
            "ms/order",
            figures(lambda t: t.whole.cpu - t.whole.at_rest),
            bare_cpu,
            "the figure to compare where other work slows the run",
        ),
        Row(
            SECTION,
            "the whole suite at rest",
            "ms CPU/s",
            figures(lambda t: t.idle_ms),
            note="polls, timers, servers; taken off while the last events of a run are waited for",
        ),
    ]


def _parts(costs: list[Cost]) -> list[Row]:
    return [
        Row(SECTION, f"… {part}", "ms/order", Sample.of([c.parts[part] for c in costs])) for part in _PARTS
    ]
