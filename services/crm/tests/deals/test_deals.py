"""Deals over HTTP: what they hold."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.crm import DealCreated
from services.crm.tests.factories import Crm, add_member, line, rand


class TestDeals(ResourceSuite):
    """What every resource promises."""

    path = "/deals"
    permission = "crm.deals"
    create = {"name": "Website", "amount": rand(100_000), "expected_close_on": "2031-05-06", "tags": ["a"]}
    changes = {"name": "Shop", "amount": rand(5, "JPY"), "source": "fair", "tags": []}
    emptied = "expected_close_on"
    needs_active = True
    invalid = (
        {"name": ""},
        {"amount": rand(-1)},
        {"amount": rand(1, "zar")},
        {"amount": {"amount": "5", "currency": "ZAR"}},
        {"amount": rand(2**53)},
        {"lines": [line(quantity=0)]},
        {"lines": [line(amount=-1)]},
        {"lines": [line()] * 201},
        {"status": "won"},
        {"registration_id": str(new_id())},
        {"expected_close_on": "soon"},
    )


async def test_a_deal_starts_at_the_first_stage_of_the_default_pipeline(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    pipeline = await crm.pipeline("Sales", "New", "Next")

    deal = await crm.deal("Website", lines=[line("micro-sites", 50_000, 2)], source="fair")

    assert (deal["stage"], deal["stage_id"]) == ("New", pipeline["stages"][0]["id"])
    assert (deal["pipeline"], deal["status"], deal["probability"]) == ("Sales", "open", 50)
    assert deal["amount"] == rand(100_000)
    [shown] = deal["lines"]
    assert shown | {"id": None} == {
        "id": None,
        "sku": "micro-sites",
        "name": "Micro-Sites",
        "quantity": 2,
        "unit_price": rand(50_000),
        "total": rand(100_000),
        "product_id": None,
    }
    [event] = await emitted(context, tenant_id, DealCreated)
    assert event.subject == f"deal/{deal['id']}"
    assert event.data["stage"] == "New"
    assert event.data["amount"] == rand(100_000)
    assert event.data["lines"][0]["sku"] == "micro-sites"
    assert event.data["source"] == "fair"


async def test_a_deal_without_money_is_in_the_default_currency(crm: Crm) -> None:
    assert (await crm.deal())["amount"] == rand(0)


async def test_a_deal_can_start_at_another_open_stage(crm: Crm) -> None:
    await crm.pipeline("Default")
    pipeline = await crm.pipeline("Other", "A", "B")
    other = await crm.pipeline("Third")
    second, won = pipeline["stages"][1], pipeline["stages"][2]

    deal = await crm.deal(stage_id=second["id"])

    assert (deal["pipeline"], deal["stage"]) == ("Other", "B")
    await crm.refused(409, "invalid-transition", "/deals", name="x", stage_id=won["id"])
    await crm.refused(
        422, "stage-not-in-pipeline", "/deals", name="x", stage_id=second["id"], pipeline_id=other["id"]
    )
    await crm.refused(422, "unknown-reference", "/deals", name="x", pipeline_id=str(new_id()))


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"lines": [line(), line(currency="USD")]}, "currency-mismatch"),
        ({"lines": [line()], "amount": rand(50_000, "USD")}, "currency-mismatch"),
        ({"lines": [line(amount=5)], "amount": rand(6)}, "amount-mismatch"),
        ({"lines": [line(amount=9_000_000_000, quantity=1_000_000)] * 2}, "amount-too-large"),
    ],
)
async def test_figures_that_do_not_fit_together_are_refused(
    crm: Crm, body: dict[str, Any], slug: str
) -> None:
    await crm.refused(422, slug, "/deals", name="x", **body)
    assert (await crm.get("/deals"))["items"] == []


async def test_new_lines_make_a_new_amount(crm: Crm) -> None:
    deal = await crm.deal(lines=[line(amount=5)])
    path = f"/deals/{deal['id']}"

    changed = (await crm.client.patch(path, json={"lines": [line("a", 1, 3), line("b", 2)]})).json()
    by_hand = await crm.client.patch(path, json={"amount": rand(7)})
    emptied = (await crm.client.patch(path, json={"lines": []})).json()
    set_now = (await crm.client.patch(path, json={"amount": rand(7, "USD")})).json()

    assert (changed["amount"], [row["sku"] for row in changed["lines"]]) == (rand(5), ["a", "b"])
    assert by_hand.json()["slug"] == "amount-mismatch"
    assert (emptied["amount"], emptied["lines"]) == (rand(0), [])
    assert set_now["amount"] == rand(7, "USD")


async def test_the_figures_of_a_closed_deal_stay_and_the_rest_changes(crm: Crm) -> None:
    deal = await crm.deal(lines=[line()])
    await crm.post(f"/deals/{deal['id']}/win")
    path = f"/deals/{deal['id']}"

    for change in ({"amount": rand(1)}, {"lines": []}, {"lines": [line(quantity=2)]}):
        response = await crm.client.patch(path, json=change)
        assert (response.status_code, response.json()["slug"]) == (409, "invalid-transition"), change
    kept = await crm.client.put(path, json={"name": "Renamed", "lines": [line()]})
    assert (kept.status_code, kept.json()["name"], kept.json()["status"]) == (200, "Renamed", "won")
    assert kept.json()["amount"] == rand(50_000)


async def test_deals_are_filtered(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    pipeline = await crm.pipeline("Default", "A", "B")
    other = await crm.pipeline("Other")
    owner = str(await add_member(context, tenant_id))
    company = await crm.post("/companies", name="Karoo Coffee")
    second = await crm.post("/companies", name="Second Cup")
    contact = await crm.post("/contacts", first_name="Thandi")
    small = await crm.deal("small", amount=rand(10), owner_id=owner, expected_close_on="2031-01-01")
    large = await crm.deal(
        "large", amount=rand(500), company_id=company["id"], contact_id=contact["id"], source="fair"
    )
    moved = await crm.deal("moved", amount=rand(50), pipeline_id=other["id"], company_id=second["id"])
    await crm.post(f"/deals/{large['id']}/move", stage_id=pipeline["stages"][1]["id"])
    await crm.post(f"/deals/{moved['id']}/win")

    for params, expected in (
        ({"status": "open"}, {"small", "large"}),
        ({"status": ["won", "lost"]}, {"moved"}),
        ({"stage_id": pipeline["stages"][1]["id"]}, {"large"}),
        ({"pipeline_id": other["id"]}, {"moved"}),
        ({"owner_id": owner}, {"small"}),
        ({"company_id": company["id"]}, {"large"}),
        ({"company_id": [company["id"], second["id"]]}, {"large", "moved"}),
        ({"contact_id": contact["id"]}, {"large"}),
        ({"source": "fair"}, {"large"}),
        ({"amount_min": 50}, {"large", "moved"}),
        ({"amount_max": 50}, {"small", "moved"}),
        ({"amount_min": 11, "amount_max": 499}, {"moved"}),
        ({"expected_close_on_from": "2031-01-01", "expected_close_on_to": "2031-01-01"}, {"small"}),
        ({"closed_at_from": "2020-01-01T00:00:00Z"}, {"moved"}),
        ({"registration_id": str(new_id())}, set()),
        ({"applicant_company_id": str(new_id())}, set()),
        ({"q": "MAL"}, {"small"}),
    ):
        found = (await crm.get("/deals", **params))["items"]
        assert {row["name"] for row in found} == expected, params
    assert small["id"]


async def test_deals_are_sorted_by_amount_and_by_a_date_that_may_be_missing(crm: Crm) -> None:
    for amount, date in ((5, None), (1, "2031-01-02"), (9, "2031-01-01"), (7, None)):
        await crm.deal(str(amount), amount=rand(amount), expected_close_on=date)

    async def pages(order: str) -> list[str]:
        names: list[str] = []
        params: dict[str, Any] = {"order": order, "limit": 1}
        while True:
            page = await crm.get("/deals", **params)
            names += [row["name"] for row in page["items"]]
            if page["next_cursor"] is None:
                return names
            params["cursor"] = page["next_cursor"]

    assert await pages("amount") == ["1", "5", "7", "9"]
    assert await pages("-amount") == ["9", "7", "5", "1"]
    assert await pages("expected_close_on") == ["9", "1", "5", "7"]
    assert await pages("-expected_close_on") == ["1", "9", "7", "5"]


async def test_references_to_others_are_refused(crm: Crm, client: Client, other_tenant_id: UUID) -> None:
    theirs = Crm(client.acting(user(other_tenant_id)))
    company = await theirs.post("/companies", name="Elsewhere")
    pipeline = await theirs.pipeline()

    await crm.refused(422, "unknown-reference", "/deals", name="x", company_id=company["id"])
    await crm.refused(422, "unknown-reference", "/deals", name="x", pipeline_id=pipeline["id"])
    await crm.refused(422, "unknown-reference", "/deals", name="x", stage_id=pipeline["stages"][0]["id"])
    await crm.refused(422, "unknown-person", "/deals", name="x", owner_id=str(new_id()))


async def test_a_page_of_deals_costs_the_same_number_of_queries_however_long(crm: Crm) -> None:
    from sqlalchemy import event

    counted: list[str] = []
    engine = crm.client.context.engine.sync_engine

    def count(*arguments: Any) -> None:
        counted.append(arguments[2])

    async def queries() -> int:
        counted.clear()
        event.listen(engine, "before_cursor_execute", count)
        try:
            await crm.get("/deals", limit=200)
        finally:
            event.remove(engine, "before_cursor_execute", count)
        return len(counted)

    await crm.deal("0", lines=[line()])
    one = await queries()
    for n in range(1, 6):
        await crm.deal(str(n), lines=[line(), line("b")])

    assert await queries() == one


async def test_each_step_of_a_deal_is_in_the_audit_log(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    deal = await crm.deal()
    await crm.post(f"/deals/{deal['id']}/win")
    await crm.post(f"/deals/{deal['id']}/reopen")

    told = [event.data for event in await emitted(context, tenant_id, CHANGE_RECORDED["crm"])]
    steps = [(one["action"], one["after"]["status"]) for one in told if one["resource_id"] == deal["id"]][1:]
    assert steps == [("won", "won"), ("reopened", "open")]
