"""Next best actions from facts to the list."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.contracts.catalog import StockChanged
from libs.contracts.crm import DealChanged, DealCreated, DealLost, DealMoved, DealWon, TaskChanged
from libs.contracts.payments import InvoiceIssued, InvoicePaid
from services.analytics.insights.next_best_actions.candidate import Asked
from services.analytics.insights.next_best_actions.deal_rows import DealRows
from services.analytics.tests.factories import zar
from services.analytics.tests.insights.history import day_before, order, write
from services.analytics.tests.recording import record

PATH = "/insight-analytics/next-best-actions"
DAY = timedelta(days=1)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


async def ask(client: Client, **params: Any) -> dict:
    """The list."""
    response = await client.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def deal(
    deal_id: UUID | None = None, amount: int = 1000, stage: str = "Talks", **more: Any
) -> dict[str, Any]:
    """What all events of a deal say."""
    ids = {"deal_id": deal_id or new_id(), "pipeline_id": new_id(), "pipeline": "Sales"}
    return {**ids, "name": "Beans", "amount": zar(amount), "stage_id": new_id(), "stage": stage, **more}


def closed(values: dict[str, Any]) -> dict[str, Any]:
    """The same without the stage."""
    return {name: value for name, value in values.items() if not name.startswith("stage")}


async def history(context: ServiceContext, tenant_id: UUID, won: int, lost: int, days: float = 4) -> None:
    """Deals that stayed in Talks for so many days and were closed."""
    for number in range(won + lost):
        values, end = deal(amount=10), now() - 20 * DAY
        await record(context, tenant_id, DealCreated(**values), at=end - days * DAY)
        event = DealWon(**closed(values)) if number < won else DealLost(**closed(values), reason="Price")
        await record(context, tenant_id, event, at=end)


def task(task_id: UUID | None = None, **more: Any) -> TaskChanged:
    """A task that was due two days ago."""
    fields = {"name": "Call", "status": "todo", "due_at": now() - 2 * DAY, **more}
    return TaskChanged(task_id=task_id or new_id(), **fields)


async def test_an_overdue_task_is_listed_until_it_is_done_or_moved(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    person, ids = new_id(), [new_id() for _ in range(5)]
    late, done, cancelled, gone, moved = (task(one, assignee_id=person) for one in ids)
    await record(context, tenant_id, late, done, cancelled, gone, moved, at=now() - DAY)
    changes = [
        done.model_copy(update={"status": "done", "completed_at": now()}),
        cancelled.model_copy(update={"status": "cancelled"}),
        gone.model_copy(update={"deleted": True}),
        moved.model_copy(update={"due_at": now() + DAY}),
    ]
    await record(context, tenant_id, *changes)

    [found] = (await ask(client, kind="overdue_task"))["items"]

    assert found["object"] == {
        "type": "task", "id": str(ids[0]), "title": "Call", "href": f"/api/v1/tasks/{ids[0]}"
    }  # fmt: skip
    assert (found["score"], found["value"], found["probability"]) == (0, None, None)
    assert found["evidence"]["days_overdue"] == 2
    assert found["suggested_action"]["action"] == "complete_task"
    assert (await ask(client, assignee_id=str(person)))["items"] == [found]
    assert (await ask(client, assignee_id=[str(new_id()), str(person)]))["items"] == [found]
    assert (await ask(client, assignee_id=[str(person), str(new_id())]))["items"] == [found]
    assert (await ask(client, assignee_id=str(new_id())))["items"] == []
    assert (await ask(client, assignee_id="me"))["items"] == []


async def test_a_task_of_a_deal_is_worth_what_the_deal_is_likely_to_bring(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await history(context, tenant_id, won=6, lost=2)
    values = deal(amount=100_000)
    await record(context, tenant_id, DealCreated(**values), task(deal_id=values["deal_id"]))

    [found] = (await ask(client, kind="overdue_task"))["items"]

    chance = found["probability"]
    assert (chance["hits"], chance["cases"]) == (6, 8)
    assert chance["interval"]["low"] < chance["value"] < 0.75 < chance["interval"]["high"]
    assert found["value"] == zar(100_000).model_dump()
    assert found["score"] == pytest.approx(100_000 * chance["value"], abs=10)
    # Who may not see deals learns nothing of one by its task.
    blind = client.acting(user(tenant_id, "analytics.next_best_actions.read", "crm.tasks.read"))
    page = await ask(blind)
    assert [(item["score"], item["value"]) for item in page["items"]] == [(0, None)]
    assert "Beans" not in page["items"][0]["explanation"]
    lacking = {rule["kind"]: rule["required_permission"] for rule in page["rules"]}
    assert lacking["stalled_deal"] == "crm.deals.read"
    assert lacking["overdue_invoice"] == "payments.invoices.read"
    assert (lacking["restock"], lacking["overdue_task"]) == ("catalog.stock.read", None)


async def test_a_deal_stands_still_when_won_ones_had_moved_on(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    still, fresh, back = deal(), deal(), deal()
    await record(context, tenant_id, DealCreated(**still), DealCreated(**back), at=now() - 9 * DAY)
    await record(context, tenant_id, DealCreated(**fresh), at=now() - 3 * DAY)
    moved = DealMoved(**back, from_stage_id=new_id(), from_stage="Other")
    await record(context, tenant_id, moved, at=now() - 2 * DAY)

    few = await ask(client, kind="stalled_deal")
    assert (few["items"], few["rules"][0]["refused"]["reason"]) == ([], "too-little-data")
    await history(context, tenant_id, won=5, lost=1)
    page = await ask(client, kind="stalled_deal")

    [found] = page["items"]
    assert found["deal_id"] == str(still["deal_id"])
    assert found["evidence"] == {"stage": "Talks", "days_in_stage": 9.0, "usual_days": 4.0, "won_deals": 5}
    assert page["rules"] == [
        {"kind": "stalled_deal", "found": 1, "refused": None, "required_permission": None}
    ]


async def test_a_close_date_that_has_passed(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    today, owner = now().date(), new_id()
    past = deal(expected_close_on=today - 3 * DAY, owner_id=owner)
    due, won = deal(expected_close_on=today), deal(expected_close_on=today - DAY)
    await record(context, tenant_id, *(DealCreated(**one) for one in (past, due, won)), at=now() - DAY)
    await record(context, tenant_id, DealWon(**closed(won)))

    [found] = (await ask(client, kind="close_date_passed"))["items"]

    assert (found["deal_id"], found["assignee_id"]) == (str(past["deal_id"]), str(owner))
    assert found["evidence"]["days_past"] == 3
    await record(context, tenant_id, DealChanged(**past, status="open", deleted=True))
    assert (await ask(client, kind="close_date_passed"))["items"] == []


async def test_a_deal_of_high_value_needs_a_task(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    kind = "high_value_deal_without_task"
    first = deal(amount=50)
    await record(context, tenant_id, DealCreated(**first))
    [alone] = (await ask(client, kind=kind))["items"]
    assert "too few deals (1)" in alone["explanation"]

    others = [deal(amount=amount) for amount in (100, 200, 9000)]
    await record(context, tenant_id, *(DealCreated(**one) for one in others))
    found = (await ask(client, kind=kind))["items"]
    assert [item["value"]["amount"] for item in found] == [9000, 200]
    assert found[0]["evidence"]["deals"] == 4
    await record(context, tenant_id, task(deal_id=others[2]["deal_id"], due_at=now() + DAY))
    assert [i["value"]["amount"] for i in (await ask(client, kind=kind))["items"]] == [200]
    assert {i["deal_id"] for i in (await ask(client, deal_id=str(others[1]["deal_id"])))["items"]} == {
        str(others[1]["deal_id"])
    }
    either = [str(others[1]["deal_id"]), str(new_id())]
    assert {i["deal_id"] for i in (await ask(client, deal_id=either))["items"]} == {either[0]}


async def test_invoices_are_asked_for_when_money_is_due(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    def invoice(days: int, total: int, outstanding: int | None = None) -> InvoiceIssued:
        due_on = (now().date() + days * DAY).isoformat()
        return InvoiceIssued(
            invoice_id=new_id(),
            number=f"INV-{total}",
            total=zar(total),
            outstanding=zar(total if outstanding is None else outstanding),
            due_on=due_on,
            issued_at=now() - 30 * DAY,
        )

    overdue, soon, later, paid_at_once = (
        invoice(-3, 900),
        invoice(5, 700),
        invoice(20, 500),
        invoice(-9, 300, 0),
    )
    settled = invoice(-4, 4000)
    await record(context, tenant_id, overdue, soon, later, paid_at_once, settled, at=now() - DAY)
    came = InvoicePaid(
        invoice_id=settled.invoice_id, number="INV-4000", amount=zar(4000), total=zar(4000), outstanding=zar(0),
        due_on=settled.due_on, paid_at=now(),
    )  # fmt: skip
    await record(context, tenant_id, came)

    found = (await ask(client, object_type="invoice"))["items"]

    assert [(i["kind"], i["object"]["title"]) for i in found] == [
        ("overdue_invoice", "INV-900"),
        ("unpaid_invoice", "INV-700"),
    ]
    assert (found[0]["evidence"]["days_overdue"], found[0]["value"]["amount"]) == (3, 900)
    assert (found[0]["probability"]["hits"], found[0]["probability"]["cases"]) == (2, 3)


async def test_goods_are_ordered_before_they_are_sold_out(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    scarce, plenty, rows = new_id(), new_id(), []
    for ago in range(1, 29):
        for variant in (scarce, plenty):
            rows += order(tenant_id, day_before(ago), 2000, quantity=2, variant_id=variant)
    await write(context, tenant_id, rows)

    def stock(variant: UUID, available: int) -> StockChanged:
        shelf = {
            "store_id": new_id(),
            "sku": "HB",
            "reserved": 0,
            "allocated": 0,
            "revision": 1,
            "cause": "x",
        }
        return StockChanged(variant_id=variant, on_hand=available, available=available, **shelf)

    await record(context, tenant_id, stock(scarce, 3), stock(scarce, 4), stock(plenty, 400))

    page = await ask(client, kind="restock")

    [found] = page["items"]
    assert found["object"]["id"] == str(scarce)
    evidence = found["evidence"]
    # The first day, of which the morning is missing, does not count.
    assert (evidence["available"], evidence["units_sold"], evidence["days"]) == (7, 54, 27)
    assert evidence["days_of_cover"] == pytest.approx(3.5, abs=0.2)
    assert evidence["probability_sold_out"] > 0.99
    # Twenty-one short of twenty-eight, at ten rand each.
    assert found["value"]["amount"] == pytest.approx(21_000, rel=0.1)


async def test_how_fast_goods_go_is_not_known_in_a_week(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await write(context, tenant_id, order(tenant_id, now() - 3 * DAY, 2000, quantity=50))
    [rule] = (await ask(client, kind="restock"))["rules"]
    assert rule["refused"]["needs"] == "7 days of sales"


async def test_regulars_who_stay_away_are_asked_back(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    account = new_id()
    habits: dict[str, tuple[int, ...]] = {
        str(account): (61, 41, 25),
        "due@example.com": (75, 55, 35),
        "not-yet@example.com": (45, 25, 5),
        "lost@example.com": (400, 390, 380),
        "twice@example.com": (60, 40),
        "erased-1@erased.invalid": (75, 55, 35),
    }
    rows = []
    for customer, days in habits.items():
        for ago in days:
            rows += order(tenant_id, day_before(ago), 5000, customer=customer)
    await write(context, tenant_id, rows)

    page = await ask(client, kind="repeat_purchase")

    found = {item["evidence"]["days_away"]: item for item in page["items"]}
    assert len(found) == 2
    assert "@" not in str(page["items"])
    accounts = {item["evidence"]["customer_user_id"] for item in page["items"]}
    assert accounts == {None, str(account)}
    known = next(item for item in page["items"] if item["evidence"]["customer_user_id"] is None)
    assert known["evidence"]["usual_days"] == 20.0
    assert (known["probability"]["hits"], known["probability"]["cases"]) == (0, 4)
    assert known["object"]["type"] == "order"


async def test_the_list_has_an_order_pages_and_filters(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    deals = [deal(amount=1000 * n, expected_close_on=now().date() - DAY) for n in range(1, 5)]
    await record(context, tenant_id, *(DealCreated(**one) for one in deals))
    await record(context, tenant_id, task(), task(due_at=now() - 9 * DAY))

    every = (await ask(client))["items"]

    scores = [item["score"] for item in every]
    assert scores == sorted(scores, reverse=True)
    # What no money is known of comes last, what has been due longest first.
    assert [i["evidence"]["days_overdue"] for i in every if i["kind"] == "overdue_task"] == [9, 2]
    pages, cursor = [], None
    while True:
        page = await ask(client, limit=3, **({"cursor": cursor} if cursor else {}))
        pages += page["items"]
        if not (cursor := page["next_cursor"]):
            break
    assert [item["id"] for item in pages] == [item["id"] for item in every]
    assert {i["object"]["type"] for i in (await ask(client, object_type=["task", "invoice"]))["items"]} == {
        "task"
    }
    other = await ask(client, currency="EUR")
    assert {item["kind"] for item in other["items"]} == {"overdue_task"}
    first = await ask(client, limit=3)
    stolen = await client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"], "kind": "restock"})
    assert stolen.status_code in (400, 422)
    for bad in (
        {"kind": "luck"},
        {"assignee_id": "you"},
        {"tz": "Mars/Olympus"},
        {"surprise": "1"},
        {"limit": 0},
    ):
        assert (await client.get(PATH, params=bad)).status_code == 422, bad


async def test_a_business_sees_its_own_actions_only(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await record(context, tenant_id, DealCreated(**deal()), task())
    page = await ask(client.acting(user(other_tenant_id)))
    assert page["items"] == []
    assert {rule["found"] for rule in page["rules"]} == {0}


async def test_who_may_not_is_refused(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(guest(tenant_id)).get(PATH)).status_code == 401
    refused = await client.acting(user(tenant_id, "crm.deals.read")).get(PATH)
    assert (refused.status_code, refused.json()["required_permission"]) == (
        403,
        "analytics.next_best_actions.read",
    )
    without = client.acting(user(tenant_id, features=frozenset(), plan="free"))
    assert (await without.get(PATH)).json()["slug"] == "feature-not-in-plan"


async def test_open_deals_are_of_their_business_without_row_level_security_too(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    values = deal()
    await record(context, other_tenant_id, DealCreated(**values))
    asked = Asked(now(), now().date(), now(), currency="ZAR")

    # In the scope of the platform nothing but the filter of the code stands between the two.
    for tenant, found in ((tenant_id, []), (other_tenant_id, [values["deal_id"]])):
        async with context.unit_of_work(tenant_id=tenant, platform=True) as uow:
            assert [row.deal_id for row in await DealRows(uow).open(asked)] == found
