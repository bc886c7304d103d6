"""The reports over HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.crm import LeadConverted, LeadCreated
from services.analytics.assistant.figures import at_pointer
from services.analytics.reports.repository import MAX_ROWS
from services.analytics.tests.factories import START, invoice_paid, paid, payment, placed, refund


async def sell(context: ServiceContext, tenant_id: UUID, total: int, **fields: object) -> None:
    """An order that was placed, paid and counted."""
    order = placed(total, **fields)  # type: ignore[arg-type]
    for event in (order, payment(order), paid(order)):
        await deliver(context, event, tenant_id)


async def test_rows_begin_by_the_clock_of_the_zone(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    # Half past ten in the evening in London is half past midnight of the next day in Johannesburg.
    await sell(context, tenant_id, 10000, at=START)
    await sell(context, tenant_id, 5000, at=START + timedelta(hours=3))

    utc = (await client.get("/analytics/sales/report")).json()["items"]
    local = (await client.get("/analytics/sales/report", params={"tz": "Africa/Johannesburg"})).json()[
        "items"
    ]

    assert [(row["period"], row["revenue"]["amount"]) for row in utc] == [
        ("2026-03-31T00:00:00Z", 10000),
        ("2026-04-01T00:00:00Z", 5000),
    ]
    assert [(row["period"], row["revenue"]["amount"]) for row in local] == [
        ("2026-04-01T00:00:00+02:00", 15000)
    ]


async def test_a_day_and_a_time_without_an_offset_are_of_the_zone(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    # As above: the first is of April in Johannesburg only.
    await sell(context, tenant_id, 10000, at=START)
    await sell(context, tenant_id, 5000, at=START + timedelta(hours=3))

    async def counted(**params: str) -> int:
        response = await client.get("/analytics/sales/report", params=params)
        assert response.status_code == 200, response.text
        amount: int = response.json()["totals"]["revenue"]["amount"]
        return amount

    local = {"tz": "Africa/Johannesburg"}
    assert await counted(**{"from": "2026-04-01"}) == 5000
    assert await counted(**{"from": "2026-04-01"}, **local) == 15000
    assert await counted(**{"from": "2026-04-01", "to": "2026-04-01T02:00:00"}, **local) == 10000
    assert await counted(**{"from": "2026-04-01T00:00:00Z"}, **local) == 5000


async def test_days_in_disorder_and_beyond_all_calendars_are_refused(client: Client) -> None:
    for params in (
        {"from": "2026-04-02", "to": "2026-04-01"},
        {"from": "0001-01-01", "tz": "Asia/Tokyo"},
        {"to": "9999-12-31T23:00:00", "tz": "Pacific/Midway"},
    ):
        response = await client.get("/analytics/sales/report", params=params)
        assert (response.status_code, response.json()["slug"]) == (422, "validation-failed"), params


async def test_an_hour_that_the_clock_shows_twice_is_two_rows(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    # Clocks in Berlin go from 03:00 back to 02:00 at this moment.
    back = datetime(2026, 10, 25, 1, tzinfo=UTC)
    await sell(context, tenant_id, 10000, at=back - timedelta(minutes=30))
    await sell(context, tenant_id, 5000, at=back + timedelta(minutes=30))
    params = {"tz": "Europe/Berlin", "grain": "hour"}

    sales = (await client.get("/analytics/sales/report", params=params)).json()["items"]
    income = (await client.get("/analytics/income-summary", params=params)).json()["items"]

    assert [(row["period"], row["revenue"]["amount"]) for row in sales] == [
        ("2026-10-25T02:00:00+02:00", 10000),
        ("2026-10-25T02:00:00+01:00", 5000),
    ]
    assert [(row["period"], row["net"]["amount"]) for row in income] == [
        ("2026-10-25T02:00:00+02:00", 10000),
        ("2026-10-25T02:00:00+01:00", 5000),
    ]


async def test_the_sales_report_adds_up(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    order = placed(20000, quantity=4)
    money = payment(order)
    for event in (order, money, paid(order), refund(money, 3000, at=START + timedelta(days=40))):
        await deliver(context, event, tenant_id)

    report = (await client.get("/analytics/sales/report", params={"grain": "month"})).json()

    assert [row["revenue"]["amount"] for row in report["items"]] == [20000, -3000]
    assert report["totals"]["revenue"]["amount"] == 17000
    assert report["totals"]["units"] == 4
    assert report["totals"]["orders"] == 1


async def test_money_for_invoices_of_no_order_is_income_too(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 10000)
    invoice_id = new_id()
    first = invoice_paid(3000, outstanding=3000, invoice_id=invoice_id)
    # The same amount again; the event of each part comes twice.
    for event in (first, first, *[invoice_paid(3000, invoice_id=invoice_id)] * 2):
        await deliver(context, event, tenant_id)

    board = (await client.get("/analytics/dashboard")).json()
    sales = (await client.get("/analytics/sales/report")).json()["totals"]
    income = (await client.get("/analytics/income-summary")).json()

    assert board["revenue"]["amount"] == board["gross"]["amount"] == 16000
    assert (board["orders"]["count"], board["orders"]["average"]["amount"]) == (1, 10000)
    assert (sales["revenue"]["amount"], sales["orders"]) == (16000, 1)
    assert [money["amount"] for money in income["totals"]] == [16000]


async def test_a_business_without_orders_sees_its_money(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    event = invoice_paid(3000)
    euros = {name: Money(amount=getattr(event, name).amount, currency="EUR") for name in ("amount", "total")}
    await deliver(context, event.model_copy(update=euros), tenant_id)

    board = (await client.get("/analytics/dashboard")).json()

    assert board["revenue"] == {"amount": 3000, "currency": "EUR"}


async def test_the_sales_report_is_a_file_too(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 10000)

    response = await client.get("/analytics/sales/report", params={"format": "csv"})

    assert response.headers["content-type"].startswith("text/csv")
    assert response.text.splitlines() == [
        "period,orders,units,gross,refunds,revenue,currency",
        "2026-03-31T00:00:00+00:00,1,2,10000,0,10000,ZAR",
    ]


async def test_the_stretch_includes_its_start_and_not_its_end(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 10000, at=START)
    hour = timedelta(hours=1)

    for start, end, count in (
        (START, START + hour, 1),
        (START - hour, START, 0),
        (START + hour, START + 2 * hour, 0),
    ):
        params = {"from": start.isoformat(), "to": end.isoformat()}
        assert (await client.get("/analytics/dashboard", params=params)).json()["orders"]["count"] == count


async def test_products_are_ranked_by_money_or_pieces(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    dear, many = new_id(), new_id()
    await sell(context, tenant_id, 90000, product_id=dear, quantity=1)
    await sell(context, tenant_id, 30000, product_id=many, quantity=30)

    by_money = (await client.get("/analytics/top-products")).json()["items"]
    by_pieces = (await client.get("/analytics/top-products", params={"by": "quantity", "limit": 1})).json()[
        "items"
    ]

    assert [row["product_id"] for row in by_money] == [str(dear), str(many)]
    assert [(row["product_id"], row["quantity"]) for row in by_pieces] == [(str(many), 30)]


async def test_products_are_ranked_by_what_is_left_without_the_tax_in_their_prices(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    taxed, free = new_id(), new_id()
    await sell(context, tenant_id, 11500, product_id=taxed, tax_included=1500)
    await sell(context, tenant_id, 11500, product_id=taxed)
    await sell(context, tenant_id, 22000, product_id=free, tax_included=0)

    items = (await client.get("/analytics/top-products")).json()["items"]

    # Of the second nobody said how much tax is in it.
    assert [(row["product_id"], row["revenue"]["amount"]) for row in items] == [
        (str(free), 22000),
        (str(taxed), 21500),
    ]


async def test_a_name_is_no_formula_in_a_file(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    names = [f'{start}SUM(1;2),"x"' for start in "=+-@\t\r\n＝＋－＠"]
    for name in names:
        await sell(context, tenant_id, 10000, name=name)

    response = await client.get("/analytics/top-products", params={"format": "csv", "limit": len(names)})

    _, *rows = csv.reader(io.StringIO(response.text, newline=""))
    assert sorted(row[1] for row in rows) == sorted(f"'{name}" for name in names)


async def test_income_keeps_currencies_apart(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 10000)

    report = (await client.get("/analytics/income-summary", params={"grain": "year"})).json()

    assert report["totals"] == [{"amount": 10000, "currency": "ZAR"}]
    assert report["items"][0]["captured"] == {"amount": 10000, "currency": "ZAR"}


async def test_lead_sources_show_what_became_of_leads(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    lead = new_id()
    await deliver(context, LeadConverted(lead_id=lead, source="web", deal_id=new_id()), tenant_id)
    await deliver(context, LeadCreated(lead_id=lead, name="A", source="web"), tenant_id)
    await deliver(context, LeadCreated(lead_id=new_id(), name="B", source="web"), tenant_id)
    await deliver(context, LeadCreated(lead_id=new_id(), name="C"), tenant_id)

    items = (await client.get("/analytics/lead-sources")).json()["items"]

    assert [(row["source"], row["leads"], row["converted"]) for row in items] == [
        ("web", 2, 1),
        ("unknown", 1, 0),
    ]


async def test_bad_queries_are_named(client: Client) -> None:
    for params in (
        {"tz": "Mars/Olympus"},
        {"grain": "fortnight"},
        {"from": "yesterday"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"currency": "XXZ"},
        {"surprise": "1"},
        {"format": "pdf"},
    ):
        response = await client.get("/analytics/sales/report", params=params)
        assert response.status_code == 422, params


async def test_a_report_has_all_its_rows_or_says_how_to_ask_for_fewer(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    hourly = text(
        "INSERT INTO analytics.money_facts (tenant_id, id, kind, amount, currency, happened_at)"
        " SELECT :tenant, gen_random_uuid(), 'payment', 100, 'ZAR', :start + n * interval '1 hour'"
        " FROM generate_series(1, :rows) n"
    )
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(hourly, {"tenant": tenant_id, "start": START, "rows": MAX_ROWS + 1})
    last = {"to": (START + timedelta(hours=MAX_ROWS + 1)).isoformat()}

    for path, net in (
        ("/analytics/sales/report", "totals/revenue"),
        ("/analytics/income-summary", "totals/0"),
    ):
        refused = await client.get(path, params={"grain": "hour"})
        assert (refused.status_code, refused.json()["slug"], refused.json()["limit"]) == (
            422, "report-too-long", MAX_ROWS,
        )  # fmt: skip
        for query, rows in (({"grain": "hour", **last}, MAX_ROWS), ({"grain": "day"}, MAX_ROWS + 1)):
            report = (await client.get(path, params=query)).json()
            assert at_pointer(report, f"/{net}/amount") == 100 * rows


async def test_orders_are_counted_in_the_currency_of_the_dashboard(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    for total, currency in ((10000, "ZAR"), (20000, "ZAR"), (700, "USD")):
        order = placed(total, currency=currency)
        for event in (order, payment(order), paid(order)):
            await deliver(context, event, tenant_id)

    for params, figures in (
        ({}, ("ZAR", 2, 1, 30000, 15000)),
        ({"currency": "USD"}, ("USD", 1, 1, 700, 700)),
    ):
        seen = (await client.get("/analytics/dashboard", params=params)).json()
        orders = seen["orders"]
        assert figures == (
            seen["currency"], orders["count"], orders["customers"], seen["revenue"]["amount"],
            orders["average"]["amount"],
        )  # fmt: skip
