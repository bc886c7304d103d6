"""Holds the book of subscriptions and conversations against what the API says: each period billed once, none left
out, and who does not pay told of it once."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from deploy.e2e.proof.book import Book, SubscriptionEntry
from deploy.e2e.proof.client import Client
from deploy.e2e.proof.overdue import TOLD
from deploy.e2e.proof.shops import Shop
from deploy.e2e.proof.subscribers import DAY

_UNFINISHED = ("queued", "running", "failed")


async def of_shop(client: Client, book: Book, shop: Shop) -> list[str]:
    """In what a shop's subscriptions, their invoices and its conversations differ from the book."""
    entries = {entry.email: entry for entry in book.subscriptions if entry.shop == shop.company}
    found: list[str] = []
    seen: set[str] = set()
    for row in await client.all("/subscriptions", shop.owner):
        email = row["customer"]["email"]
        entry = entries.get(email)
        if email in seen:
            found.append(f"{email} subscribed once and has more subscriptions")
        elif entry is None or (entry.sold is None and not entry.doubtful):
            found.append(f"{email} has a subscription that was refused or never asked for")
        else:
            invoices = await client.all(f"/subscriptions/{row['id']}/invoices", shop.owner)
            found += [f"{email}: {text}" for text in _subscription(entry, row, invoices)]
            if entry.dunned and not entry.unsure:
                found += [f"{email}: {text}" for text in await _dunned(client, shop, entry, row)]
        seen.add(email)
    found += [
        f"the accepted subscription of {e.email} is not there"
        for e in entries.values()
        if e.sold and e.email not in seen
    ]
    for talk in book.talks:
        if talk.shop == shop.company:
            messages = await client.all(f"/ai/conversations/{talk.id}/messages", shop.owner)
            given = {m["id"]: m["content"] for m in messages if m["role"] == "assistant"}
            asked = sum(m["role"] == "user" for m in messages)
            found += [
                f"the answer {one} is not there"
                for one, text in talk.answers.items()
                if given.get(one) != text
            ]
            if asked > talk.asked or len(given) > asked:
                found.append(
                    f"{talk.asked} questions were asked, there are {asked}, and {len(given)} answers"
                )
    runs = await client.all("/insight-analytics/demand-forecast/runs", shop.owner)
    return found + [
        f"the forecast {one['id']} is {one['status']}" for one in runs if one["status"] in _UNFINISHED
    ]


def _subscription(entry: SubscriptionEntry, row: dict[str, Any], invoices: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    if entry.unsure:
        return found
    of_periods = {one["subscription_period"]: one for one in invoices if one["subscription_period"]}
    count = sum(bool(one["subscription_period"]) for one in invoices)
    due = max(0, (datetime.now(UTC) - entry.begins) // DAY + 1)
    if entry.dunned is not None:
        # It is billed until all has been tried, and no more.
        due = min(due, row["period"])
    if entry.ended is not None:
        due = entry.ended
        if row["status"] != "cancelled" and entry.begins + due * DAY < datetime.now(UTC):
            found.append(f"it was to end with period {due} and is {row['status']}")
    if sorted(of_periods) != list(range(1, due + 1)) or count != due or row["period"] != due:
        found.append(
            f"{due} periods have begun, {row['period']} are counted, {count} billed: {sorted(of_periods)}"
        )
    for number, invoice in of_periods.items():
        begins = entry.begins + (number - 1) * DAY
        if datetime.fromisoformat(invoice["period_start"]) != begins:
            found.append(f"period {number} begins {invoice['period_start']}, not {begins.isoformat()}")
    if entry.sold is not None and row["quantity"] != entry.quantity:
        found.append(f"{entry.quantity} were sold and it has {row['quantity']}")
    paid = {one["id"] for one in invoices if one["status"] == "paid"}
    found += [f"the invoice {one} was settled and is not paid" for one in entry.paid if one not in paid]
    return found


async def _dunned(client: Client, shop: Shop, entry: SubscriptionEntry, row: dict[str, Any]) -> list[str]:
    """In what one that nobody paid differs from one that was told so, reminded and given up, each once."""
    wanted = Counter((*TOLD, entry.dunned))
    about = {"resource": "subscription", "resource_id": row["id"]}
    log = await client.all("/audit-log", shop.owner, about)
    told = Counter(one["action"] for one in log if one["action"] in wanted)
    found = [] if told == wanted else [f"nobody paid it, and what it was told is {dict(told)}"]
    if row["status"] != entry.dunned:
        found.append(f"nobody paid it and it is {row['status']}, not {entry.dunned}")
    return found
