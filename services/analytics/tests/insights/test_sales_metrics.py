"""Sales metrics over HTTP: the figures of the report, compared, with evidence."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.money import MAX_AMOUNT
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.contracts.crm import LeadConverted, LeadCreated
from services.analytics.insights.sales_metrics.schemas import SalesMetricsQuery
from services.analytics.insights.sales_metrics.service import SalesMetricsService
from services.analytics.tests.factories import payment, placed, refund
from services.analytics.tests.recording import record, sale

PATH = "/insight-analytics/sales-metrics"
MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def stretch(start: datetime, end: datetime, **more: str) -> dict[str, str]:
    """The parameters of a stretch."""
    return {"from": start.isoformat(), "to": end.isoformat(), **more}


async def ask(client: Client, params: dict[str, str]) -> dict:
    """The metrics."""
    response = await client.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("tz", ["UTC", "Africa/Johannesburg", "America/New_York"])
@pytest.mark.parametrize("grain", ["day", "week", "month"])
async def test_the_figures_are_those_of_the_sales_report(
    context: ServiceContext, client: Client, tenant_id: UUID, tz: str, grain: str
) -> None:
    order = placed(9000, at=MAY + timedelta(hours=23))
    money = payment(order)
    events = [order, money, refund(money, 2500, at=MAY + 9 * DAY)]
    for n in range(12):
        events += sale(1000 * n + 700, MAY + timedelta(days=n, hours=2 * n))
    await record(context, tenant_id, *events)
    params = stretch(MAY + timedelta(hours=3), MAY + 10 * DAY, tz=tz, grain=grain)

    report = (await client.get("/analytics/sales/report", params=params)).json()
    found = await ask(client, params)

    totals = report["totals"]
    assert totals["orders"] > 5
    for name in ("revenue", "gross", "refunds", "orders", "units"):
        assert found[name] == totals[name], name
    assert found["items"] == report["items"]
    assert (found["currency"], found["tz"], found["grain"]) == ("ZAR", tz, grain)
    csv = await client.get(PATH, params={**params, "format": "csv"})
    assert csv.text == (await client.get("/analytics/sales/report", params={**params, "format": "csv"})).text


async def test_growth_is_against_the_stretch_before_and_the_same_days_a_year_before(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    events = [
        *sale(12000, MAY + DAY, quantity=3),
        # On the first moment after the stretch before, and on the last of it.
        *sale(3000, MAY, quantity=1),
        *sale(10000, MAY - timedelta(seconds=1)),
        *sale(500, MAY - 11 * DAY),
        *sale(60000, MAY.replace(year=2025) + DAY),
    ]
    await record(context, tenant_id, *events)

    found = await ask(client, stretch(MAY, MAY + 10 * DAY))

    assert found["revenue"]["amount"] == 15000
    assert found["average_order_value"]["amount"] == 7500
    assert found["previous"]["revenue"]["amount"] == 10000
    assert (found["previous"]["from"], found["previous"]["to"]) == (
        "2026-04-21T00:00:00Z",
        "2026-05-01T00:00:00Z",
    )
    assert found["last_year"]["from"] == "2025-05-01T00:00:00Z"
    assert found["growth"] == {
        "revenue": 0.5,
        "gross": 0.5,
        "orders": 1.0,
        "units": 1.0,
        "average_order_value": -0.25,
    }
    assert found["growth_last_year"]["revenue"] == -0.75


@pytest.mark.parametrize("to", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_stretch_beyond_what_is_looked_at_is_refused(client: Client, to: str) -> None:
    refused = await client.get(PATH, params={"to": to})
    assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed")


async def test_sums_beyond_the_largest_amount_are_shown(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await record(context, tenant_id, *(one for _ in range(2) for one in sale(MAX_AMOUNT, MAY)))

    found = await ask(client, stretch(MAY, MAY + DAY))
    dashboard = await client.get("/analytics/dashboard")
    income = await client.get("/analytics/income-summary")

    assert found["revenue"]["amount"] == 2 * MAX_AMOUNT
    assert dashboard.json()["revenue"]["amount"] == 2 * MAX_AMOUNT
    assert income.json()["totals"][0]["amount"] == 2 * MAX_AMOUNT


async def test_a_stretch_that_is_not_over_is_compared_with_as_much_of_the_others(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    now = datetime.now(UTC)
    start = now - timedelta(hours=30)
    before = start - 10 * DAY
    late = sale(9000, before + timedelta(hours=31))
    await record(context, tenant_id, *sale(4000, now - DAY), *sale(2000, before + DAY), *late)

    found = await ask(client, stretch(start, start + 10 * DAY))

    assert found["previous"]["revenue"]["amount"] == 2000
    assert found["growth"]["revenue"] == 1.0
    assert found["previous"]["to"] == found["from"]
    assert found["previous"]["counted_until"] < found["previous"]["to"]


async def test_shares_are_of_what_they_say(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    unpaid = placed(5000, at=MAY + DAY)
    order = placed(8000, at=MAY + DAY, email="one@example.com")
    money = payment(order)
    lead = new_id()
    await record(
        context,
        tenant_id,
        *sale(1000, MAY - 60 * DAY, email="back@example.com"),
        *sale(1000, MAY + DAY, email="back@example.com"),
        *sale(1000, MAY + 2 * DAY, email="new@example.com"),
        # Comes again only after the stretch.
        *sale(1000, MAY + 3 * DAY, email="later@example.com"),
        *sale(1000, MAY + 30 * DAY, email="later@example.com"),
        unpaid,
        order,
        money,
        refund(money, 2000, at=MAY + 2 * DAY),
    )
    await record(
        context,
        tenant_id,
        LeadCreated(lead_id=lead, name="A", source="web"),
        LeadCreated(lead_id=new_id(), name="B", source="web"),
        LeadConverted(lead_id=lead, source="web", deal_id=new_id()),
        at=MAY + DAY,
    )

    found = await ask(client, stretch(MAY, MAY + 10 * DAY))
    dashboard = await client.get("/analytics/dashboard", params=stretch(MAY, MAY + 10 * DAY))

    assert (found["customers"], found["repeat_rate"]) == (3, 0.3333)
    assert dashboard.json()["orders"]["customers"] == found["customers"]
    assert found["refund_rate"] == round(2000 / 11000, 4)
    assert (found["orders"], found["paid_orders"], found["order_conversion"]) == (5, 3, 0.6)
    assert (found["leads"], found["lead_conversion"]) == (2, 0.5)


async def test_the_trend_has_an_interval_and_a_backtest(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    events = [e for n in range(70) for e in sale(10000 + 300 * n, MAY + timedelta(days=n - 70, hours=9))]
    await record(context, tenant_id, *events)

    found = await ask(client, stretch(MAY - 70 * DAY, MAY))

    trend = found["trend"]
    assert (found["refused"], trend["direction"]) == (None, "up")
    assert trend["change_per_week"] == {"amount": 2100, "currency": "ZAR"}
    evidence = trend["evidence"]
    assert evidence["interval"]["low"] <= 2100 <= evidence["interval"]["high"]
    assert evidence["days"] == 70
    assert evidence["backtest"]["beats_naive"] is True
    # The week before is 2100 a day behind.
    assert evidence["backtest"]["naive_error"] == 7 * 2100


async def test_a_trend_of_too_few_days_is_refused(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    nothing = await ask(client, {})
    assert (nothing["trend"], nothing["refused"]["reason"]) == (None, "too-little-data")
    assert (nothing["revenue"]["amount"], nothing["refund_rate"], nothing["growth"]["revenue"]) == (
        0,
        None,
        None,
    )

    await record(context, tenant_id, *sale(1000, MAY + 5 * DAY))
    few = await ask(client, stretch(MAY, MAY + 32 * DAY))
    enough = await ask(client, stretch(MAY, MAY + 33 * DAY))

    assert (few["trend"], few["refused"]["needs"]) == (None, "28 complete days")
    assert (enough["refused"], enough["trend"]["evidence"]["days"]) == (None, 28)


async def test_money_of_another_currency_is_left_out(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await record(context, tenant_id, *sale(1000, MAY + DAY))
    found = await ask(client, stretch(MAY, MAY + 2 * DAY, currency="EUR"))
    assert (found["revenue"], found["orders"], found["customers"]) == ({"amount": 0, "currency": "EUR"}, 0, 0)


async def test_a_business_sees_its_own_metrics_only(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await record(context, tenant_id, *sale(1000, MAY + DAY))
    found = await ask(client.acting(user(other_tenant_id)), stretch(MAY, MAY + 2 * DAY))
    assert (found["revenue"]["amount"], found["orders"], found["customers"]) == (0, 0, 0)


async def test_other_code_of_the_service_can_ask(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        found = await SalesMetricsService(uow).read(SalesMetricsQuery())
    assert found.orders == 0


async def test_who_may_not_is_refused(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(guest(tenant_id)).get(PATH)).status_code == 401
    refused = await client.acting(user(tenant_id, "analytics.reports.read")).get(PATH)
    assert (refused.status_code, refused.json()["required_permission"]) == (
        403,
        "analytics.sales_metrics.read",
    )


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2000-01-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "to": "0001-02-01T00:00:00Z"},
        {"from": "9999-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"tz": "Mars/Olympus"},
        {"grain": "fortnight"},
        {"surprise": "1"},
    ],
)
async def test_stretches_that_make_no_sense_are_named(client: Client, params: dict[str, str]) -> None:
    response = await client.get(PATH, params=params)

    assert response.status_code == 422
    assert {error["loc"][0] for error in response.json()["errors"]} == {"query"}


async def test_a_year_before_the_29th_of_february_is_the_28th(client: Client) -> None:
    start = datetime(2028, 2, 29, tzinfo=UTC)
    found = await ask(client, stretch(start, start + DAY))
    assert found["last_year"]["from"] == "2027-02-28T00:00:00Z"
