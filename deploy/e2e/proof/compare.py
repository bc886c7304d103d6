"""Holds the clients' book against what the API says once everything has drained; every difference is a breach."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from deploy.e2e.proof import billing, rules
from deploy.e2e.proof.book import Book, OrderEntry
from deploy.e2e.proof.client import Client
from deploy.e2e.proof.shops import Shop
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import NAMES
from libs.common.settings import CommonSettings

_SERVED = frozenset({"paid", "fulfilling", "shipped", "delivered", "completed"})
_LIVE = _SERVED | {"placed"}
# The catalog frees a hold ten minutes after its time when nobody else has; a minute for the job to come round.
_FREED_AFTER = timedelta(minutes=11)
_SENT = frozenset({"shipped", "delivered", "completed"})


async def invariants(common: CommonSettings) -> list[str]:
    """What `pillars verify` finds, and jobs that were given up."""
    found = [
        f"verify: {where}: {name}: {finding.breaches} ({'; '.join(finding.examples)})"
        for where, name, finding in await check(common)
        if finding.breaches
    ]
    async with await psycopg.AsyncConnection.connect(common.database_url) as connection:
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        for name in NAMES:
            rows = await connection.execute(
                f'SELECT name, last_error FROM "{name}".jobs WHERE dead_at IS NOT NULL'
            )
            found += [f"{name}: the job {job} was given up: {error}" for job, error in await rows.fetchall()]
    return found


async def events_handled(common: CommonSettings) -> tuple[int, int]:
    """How many events there were, and how often one was handled."""
    events = handled = 0
    async with await psycopg.AsyncConnection.connect(common.database_url) as connection:
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        for name in NAMES:
            for table in ("outbox", "inbox"):
                row = await (await connection.execute(f'SELECT count(*) FROM "{name}".{table}')).fetchone()
                count = row[0] if row else 0
                events, handled = (
                    (events + count, handled) if table == "outbox" else (events, handled + count)
                )
    return events, handled


async def differences(
    client: Client, book: Book, shops: list[Shop], staff: dict[str, str], added: dict[str, dict[str, str]]
) -> list[str]:
    """Everything in which the API and the book differ; `added` are the rules of each shop, and of the staff."""
    found = [f"{what}: {count}" for what, count in book.notes.items() if what.startswith("one key")]
    for shop in shops:
        await shop.sign_in(client)
        mine = added.get(shop.company)
        found += [f"shop {shop.company}: {text}" async for text in _shop(client, book, shop, mine)]
    if "" in added:
        found += await rules.of_staff(client, book, added[""], staff)
    found += [text async for text in _businesses(client, book, staff)]
    return found


async def _shop(client: Client, book: Book, shop: Shop, added: dict[str, str] | None) -> AsyncIterator[str]:
    orders = await client.all("/orders", shop.owner)
    payments = await client.all("/payments", shop.owner)
    refunds = await client.all("/refunds", shop.owner)
    stock = await client.all("/inventory/stock", shop.owner)
    holds = await client.all("/inventory/reservations", shop.owner, {"status": "reserved"})
    entries = [entry for entry in book.orders if entry.shop == shop.company]
    for texts in (
        _orders(orders, entries),
        _money(orders, payments, refunds, entries),
        _stock(orders, stock, holds, shop),
        await billing.of_shop(client, book, shop),
        await rules.of_shop(client, book, shop, added, orders) if added else (),
    ):
        for text in texts:
            yield text


def _orders(orders: list[dict[str, Any]], entries: list[OrderEntry]) -> list[str]:
    found = []
    by_id = Counter(order["id"] for order in orders)
    by_email = Counter(order["email"] for order in orders)
    numbers = Counter(order["number"] for order in orders)
    found += [f"order {order_id} is listed {n} times" for order_id, n in by_id.items() if n > 1]
    found += [f"{n} orders have the number {number}" for number, n in numbers.items() if n > 1]
    known = {order["id"]: order for order in orders}
    may_exist = {entry.email for entry in entries if entry.order is not None or entry.doubtful}
    may_exist |= _overtaken(orders, entries)
    for email, n in by_email.items():
        if n > 1:
            found.append(f"{email} ordered once and has {n} orders")
        if email not in may_exist:
            found.append(f"{email} has an order that was refused or never asked for")
    for entry in entries:
        if entry.order is None:
            continue
        if entry.order["id"] not in known:
            found.append(f"the accepted order {entry.order['number']} is not there")
            continue
        order = known[entry.order["id"]]
        for part in ("number", "totals", "email", "currency"):
            if order[part] != entry.order[part]:
                found.append(f"{order['number']}: {part} was {entry.order[part]} and is {order[part]}")
        lines = [
            [(line["variant_id"], line["quantity"]) for line in o["items"]] for o in (order, entry.order)
        ]
        if lines[0] != lines[1]:
            found.append(f"{order['number']}: other lines than were ordered")
        if entry.cancelled and order["status"] != "cancelled":
            found.append(f"{order['number']} was cancelled and is {order['status']}")
        if entry.shipped and order["status"] not in _SENT:
            found.append(f"{order['number']} was sent and is {order['status']}")
    return found


def _overtaken(orders: list[dict[str, Any]], entries: list[OrderEntry]) -> set[str]:
    """Whose order was made by a try that was overtaken by a refused one; allowed as long as nobody pays it."""
    unpaid = {order["email"] for order in orders if order["status"] in ("placed", "expired", "cancelled")}
    return {entry.email for entry in entries if entry.refused and entry.tries > 1 and entry.email in unpaid}


def _money(
    orders: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    refunds: list[dict[str, Any]],
    entries: list[OrderEntry],
) -> list[str]:
    found = []
    by_order: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    by_id = {payment["id"]: payment for payment in payments}
    for payment in payments:
        if payment["status"] == "succeeded":
            by_order[payment["order_id"]].append(payment)
    known = {order["id"]: order for order in orders}
    charged = sum(p["amount"]["amount"] - p["refunded"]["amount"] for own in by_order.values() for p in own)
    owed = 0
    for order in orders:
        kept = [p for p in by_order[order["id"]] if p["refunded"]["amount"] < p["amount"]["amount"]]
        total, refunded = order["totals"]["total"]["amount"], order["refunded"]["amount"]
        if order["status"] in _SERVED:
            owed += total - refunded
            if order["payment_id"] not in {p["id"] for p in by_order[order["id"]]}:
                found.append(f"{order['number']} is {order['status']} without a payment that succeeded")
            if len(kept) > 1:
                found.append(f"{order['number']} was paid {len(kept)} times")
        elif kept:
            found.append(f"{order['number']} is {order['status']} and its money was kept")
    if charged != owed:
        found.append(f"{charged} was charged and kept, {owed} is what the served orders come to")
    for entry in entries:
        for payment_id, said in entry.payments.items():
            if payment_id not in by_id:
                found.append(f"the payment {payment_id} of {entry.email} is not there")
                continue
            payment = by_id[payment_id]
            order = known[payment["order_id"]]
            if said != "succeeded":
                continue
            if payment["status"] != "succeeded":
                found.append(f"the buyer of {order['number']} has paid; the payment is {payment['status']}")
                continue
            given_back = payment["refunded"]["amount"] == payment["amount"]["amount"]
            if order["payment_id"] != payment_id and not given_back:
                found.append(f"{order['number']} does not know its payment, and it was not given back")
    told = {refund["id"]: refund for refund in refunds}
    for entry in entries:
        for refund_id, amount in entry.refunds.items():
            given = told.get(refund_id)
            if given is None or given["amount"]["amount"] != amount:
                found.append(f"the accepted refund {refund_id} of {amount} is not there")
            elif given["status"] != "succeeded":
                found.append(f"the refund {refund_id} is {given['status']}")
    return found


def _stock(
    orders: list[dict[str, Any]], stock: list[dict[str, Any]], holds: list[dict[str, Any]], shop: Shop
) -> list[str]:
    found = []
    wanted: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for order in orders:
        for line in order["items"]:
            sent[line["variant_id"]] += line["shipped_quantity"]
            if order["status"] in _LIVE:
                wanted[line["variant_id"]] += line["quantity"]
    orphans = _orphans(orders, holds)
    left: Counter[str] = Counter()
    for hold in orphans:
        if datetime.fromisoformat(hold["expires_at"]) + _FREED_AFTER < datetime.now(UTC):
            found.append(f"stock is still held for {hold['order_id']}, an order that never came to be")
        for line in hold["lines"]:
            left[line["variant_id"]] += line["quantity"]
    for level in stock:
        variant, sku = level["variant_id"], level["sku"]
        opening = shop.opening[variant]
        if min(level["on_hand"], level["reserved"], level["allocated"], level["available"]) < 0:
            found.append(f"the stock of {sku} is negative: {level}")
        if wanted[variant] > opening:
            found.append(f"{wanted[variant]} of {sku} were sold, {opening} there were")
        if level["on_hand"] != opening - sent[variant]:
            found.append(f"{level['on_hand']} of {sku} are there, of {opening} {sent[variant]} were sent")
        held, due = level["reserved"] + level["allocated"], wanted[variant] - sent[variant] + left[variant]
        if held != due:
            found.append(f"{held} of {sku} are held, live orders and lost checkouts want {due}")
    return found


def _orphans(orders: list[dict[str, Any]], holds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reservations without an order: their checkout was cut off, and its buyer never came back."""
    known = {order["id"] for order in orders}
    return [hold for hold in holds if hold["order_id"] not in known]


async def _businesses(client: Client, book: Book, staff: dict[str, str]) -> AsyncIterator[str]:
    wanted: dict[str | None, str] = {"won": "active", "lost": "rejected", None: "pending"}
    for entry in book.businesses:
        found = await client.call("GET", f"/tenants/{entry.company}", who=staff, expect=(200, 404))
        if found.status != 200:
            yield f"the accepted registration of {entry.email} is not there"
            continue
        status = "closed" if entry.closed else wanted.get(entry.decided)
        if status is not None and found.body["status"] != status:
            yield f"{entry.email}: the deal is {entry.decided}, the business {found.body['status']}, not {status}"
        if entry.closed:
            path = f"/tenants/{entry.company}/erasure"
            erasure = await client.call("GET", path, who=staff, expect=(200, 404))
            # It begins at once here, and the services are asked only when all events about the business are old.
            if erasure.status != 200 or erasure.body["status"] not in ("running", "completed"):
                yield f"{entry.email}: the business is closed, its erasure has not begun"
        deals = await client.all("/deals", staff, {"registration_id": entry.registration})
        if len(deals) != 1:
            yield f"{entry.email} has {len(deals)} deals"
        if entry.decided == "won" and not entry.closed:
            path = f"/registrations/{entry.registration}/provisioning"
            setting_up = await client.call("GET", path, who=staff, expect=(200,))
            if setting_up.body["state"] != "done":
                yield f"{entry.email}: the business is active, its setting up {setting_up.body}"
