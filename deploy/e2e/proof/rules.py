"""What the shops and the staff have done for them by rules, and the tasks that must come of it, once each."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from deploy.e2e.proof.book import Book
from deploy.e2e.proof.client import Client
from deploy.e2e.proof.shops import Shop

RULES = "/automation/rules"
PACK, ASK, THANK, GREET, WELCOME = "Pack", "Ask after", "Thank for", "Greet", "Welcome"


def _rule(name: str, event: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    trigger = {"type": "event", "event": event, **more.pop("trigger", {})}
    return {"name": name, "trigger": trigger, "actions": list(actions), "enabled": True, **more}


def _task(name: str) -> dict[str, Any]:
    return {"type": "create_task", "name": name}


_OF_SHOPS = (
    _rule(
        PACK,
        "orders.order_placed.v1",
        _task(f"{PACK} {{event.number}}"),
        {"type": "wait", "for": 3},
        _task(f"{ASK} {{event.number}}"),
    ),
    _rule(THANK, "orders.order_paid.v1", _task(f"{THANK} {{event.number}}")),
    _rule(
        GREET,
        "crm.change_recorded.v1",
        _task(f"{GREET} {{contact.id}}"),
        {"type": "add_tag", "tag": "greeted"},
        trigger={"object_type": "contact"},
        conditions={"field": "event.action", "operator": "eq", "value": "created"},
    ),
)
_OF_STAFF = _rule(WELCOME, "crm.deal_won.v1", _task(f"{WELCOME} {{deal.id}}"))


async def add_rules(
    client: Client, shops: Iterable[Shop], staff: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Add the rules of the shops and of the staff (under no company): the ids of each, by name."""
    added: dict[str, dict[str, str]] = {}
    for company, who, bodies in (
        *((s.company, s.owner, _OF_SHOPS) for s in shops),
        ("", staff, (_OF_STAFF,)),
    ):
        made = {}
        for body in bodies:
            answer = await client.call("POST", RULES, who=who, json=body, expect=(201,))
            made[body["name"]] = answer.body["id"]
        added[company] = made
    return added


async def of_shop(
    client: Client, book: Book, shop: Shop, rules: dict[str, str], orders: list[dict[str, Any]]
) -> list[str]:
    """In what the runs of a shop's rules, and the tasks they made, differ from what happened in it."""
    contacts = await client.all("/contacts", shop.owner)
    known = {contact["id"] for contact in contacts}
    found = [f"the accepted contact {one} is not there" for one in book.contacts[shop.company] - known]
    found += [f"{one['id']} was greeted without a tag" for one in contacts if one["tags"] != ["greeted"]]
    placed = {order["id"]: order["number"] for order in orders}
    paid = {order["id"]: order["number"] for order in orders if order["paid_at"]}
    for name, causes in ((PACK, placed), (THANK, paid), (GREET, {one: one for one in known})):
        found += await _runs(client, shop.owner, rules[name], name, set(causes))
    wanted = Counter(
        f"{what} {one}"
        for what, ones in ((PACK, placed), (ASK, placed), (THANK, paid), (GREET, dict.fromkeys(known)))
        for one in (ones.values() if what != GREET else ones)
    )
    return found + _tasks(wanted, await client.all("/tasks", shop.owner))


async def of_staff(client: Client, book: Book, rules: dict[str, str], staff: dict[str, str]) -> list[str]:
    """The same for the staff's rule: each deal that was won was answered once."""
    won = await client.all("/deals", staff, {"status": "won"})
    known = {entry.registration for entry in book.businesses}
    # Those that were won before there was the rule are of the shops.
    ids = {deal["id"] for deal in won if deal["registration_id"] in known}
    found = await _runs(client, staff, rules[WELCOME], WELCOME, ids)
    tasks = [task for task in await client.all("/tasks", staff) if task["name"].startswith(f"{WELCOME} ")]
    return found + _tasks(Counter(f"{WELCOME} {deal}" for deal in ids), tasks)


async def _runs(client: Client, who: dict[str, str], rule: str, name: str, causes: set[str]) -> list[str]:
    runs = await client.all(f"{RULES}/{rule}/runs", who)
    found = [
        f"a run of {name} is {run['status']}: {run['reason'] or run['problem']}"
        for run in runs
        if run["status"] != "completed"
    ]
    of = Counter(run["object_id"] for run in runs)
    found += [f"{name} ran {n} times for {one}" for one, n in of.items() if n > 1]
    found += [f"{name} did not run for {one}" for one in causes - of.keys()]
    found += [f"{name} ran for {one}, which gave no cause" for one in of.keys() - causes]
    return found


def _tasks(wanted: Counter[str], tasks: list[dict[str, Any]]) -> list[str]:
    there = Counter(task["name"] for task in tasks)
    lost, twice = wanted - there, there - wanted
    return [f"no task {name}" for name in lost] + [f"{n} tasks {name} too many" for name, n in twice.items()]
