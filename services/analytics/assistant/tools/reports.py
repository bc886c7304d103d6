"""The tools over what this service knows: the dashboard and the reports."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.assistant.figures import Reader
from services.analytics.assistant.tools.tool import Asker, MoneyArguments, PeriodArguments, Tool
from services.analytics.assistant.words import Language, label
from services.analytics.dashboard.service import DashboardService
from services.analytics.reports.period import GrainedPeriod, Period
from services.analytics.reports.schemas import FunnelQuery, SalesQuery, TopProductsQuery
from services.analytics.reports.service import ReportService

DASHBOARD, REPORTS = "analytics.dashboard.read", "analytics.reports.read"
# An answer shows so many rows of a report; more are in the report itself.
_ROWS = 31


class SalesArguments(MoneyArguments):
    """How to cut sales."""

    grain: Literal["day", "week", "month", "quarter", "year"] = "month"


class IncomeArguments(PeriodArguments):
    """How to cut income."""

    grain: Literal["day", "week", "month", "quarter", "year"] = "month"


class TopProductsArguments(MoneyArguments):
    """How to rank products."""

    by: Literal["revenue", "quantity"] = "revenue"
    limit: Annotated[int, Field(ge=1, le=20)] = 5


def of_period(arguments: PeriodArguments, asker: Asker) -> dict[str, Any]:
    """The query of a report over a stretch of time."""
    more = arguments.model_dump(mode="json", exclude={"period", "before"}, exclude_none=True)
    return {**arguments.stretch(asker).params(asker.tz), "tz": asker.tz, **more}


def reading(
    read: Callable[[UnitOfWork, Any], Awaitable[BaseModel]], query: type[BaseModel]
) -> Callable[[Asker, Mapping[str, Any]], Awaitable[Any]]:
    """Reads what a route of this service answers, in the business of who asks."""

    async def of(asker: Asker, params: Mapping[str, Any]) -> Any:
        # A unit of work of its own: nothing is held while others are asked.
        async with asker.context.unit_of_work(asker.actor) as uow:
            return (await read(uow, query.model_validate(dict(params)))).model_dump(
                mode="json", by_alias=True
            )

    return of


def _dashboard(reader: Reader, language: Language) -> None:
    for key in ("revenue", "gross", "refunds"):
        reader.money(label(key, language), f"/{key}")
    for key, field in (
        ("orders", "count"),
        ("orders_paid", "paid"),
        ("orders_completed", "completed"),
        ("orders_cancelled", "cancelled"),
        ("orders_expired", "expired"),
    ):
        reader.number(label(key, language), f"/orders/{field}", "orders")
    reader.number(label("customers", language), "/orders/customers", "customers")
    reader.money(label("average", language), "/orders/average")
    for status in ("open", "won", "lost"):
        reader.number(label(f"deals_{status}", language), f"/deals/{status}", "deals")
    for status in ("open", "won"):
        reader.money(label(f"{status}_amount", language), f"/deals/{status}_amount")
    reader.number(label("leads", language), "/leads", "leads")
    for status in ("open", "overdue", "completed"):
        reader.number(label(f"tasks_{status}", language), f"/tasks/{status}", "tasks")
    for key in ("available", "on_hand", "reserved"):
        reader.number(label(f"stock_{key}", language), f"/stock/{key}", "pieces")
    reader.number(label("sold_out", language), "/stock/sold_out", "places")


def _sales(reader: Reader, language: Language) -> None:
    if reader.document["totals"] is not None:
        reader.money(label("revenue", language), "/totals/revenue")
        reader.number(label("orders", language), "/totals/orders", "orders")
        reader.number(label("units", language), "/totals/units", "pieces")
    for field, row in list(reader.each("/items"))[-_ROWS:]:
        reader.money(f"{row['period'][:10]}, {label('revenue_of', language)}", f"{field}/revenue")
        reader.number(f"{row['period'][:10]}, {label('orders_of', language)}", f"{field}/orders", "orders")


def _income(reader: Reader, language: Language) -> None:
    for field, row in reader.each("/totals"):
        reader.money(f"{label('income', language)}, {row['currency']}", field)
    for field, row in list(reader.each("/items"))[-_ROWS:]:
        reader.money(
            f"{row['period'][:10]}, {label('income', language)}, {row['net']['currency']}", f"{field}/net"
        )


def _funnel(reader: Reader, language: Language) -> None:
    for field, row in list(reader.each("/items"))[:_ROWS]:
        name = f"{row['pipeline']}: {row['stage']}"
        reader.number(f"{name}, {label('entered', language)}", f"{field}/entered", "deals")
        reader.number(f"{name}, {label('share', language)}", f"{field}/share", "ratio")


def _lead_sources(reader: Reader, language: Language) -> None:
    for field, row in list(reader.each("/items"))[:_ROWS]:
        reader.number(f"{row['source']}, {label('leads_of', language)}", f"{field}/leads", "leads")
        reader.number(f"{row['source']}, {label('converted', language)}", f"{field}/converted", "leads")
        reader.number(f"{row['source']}, {label('conversion', language)}", f"{field}/conversion", "ratio")
        reader.money(f"{row['source']}, {label('won_of', language)}", f"{field}/won_amount")


def _top_products(reader: Reader, language: Language) -> None:
    for field, row in reader.each("/items"):
        reader.money(f"{row['name']}, {label('revenue_of', language)}", f"{field}/revenue")
        reader.number(f"{row['name']}, {label('pieces', language)}", f"{field}/quantity", "pieces")


TOOLS = (
    Tool(
        "dashboard",
        "The figures at a glance: revenue, money received, refunds, orders by state, customers, average payment, deals, "
        "leads, tasks, stock. Tasks and stock are as they stand now, whatever the period.",
        "/analytics/dashboard",
        DASHBOARD,
        MoneyArguments,
        of_period,
        reading(lambda uow, query: DashboardService(uow).read(query), Period),
        _dashboard,
    ),
    Tool(
        "sales_report",
        "Sales over time in one currency: revenue, orders and pieces, in all and per day, week, month, quarter or year.",
        "/analytics/sales/report",
        REPORTS,
        SalesArguments,
        of_period,
        reading(lambda uow, query: ReportService(uow).sales(query), SalesQuery),
        _sales,
    ),
    Tool(
        "income_summary",
        "Money captured less money refunded over time, every currency apart.",
        "/analytics/income-summary",
        REPORTS,
        IncomeArguments,
        of_period,
        reading(lambda uow, query: ReportService(uow).income(query), GrainedPeriod),
        _income,
    ),
    Tool(
        "funnel",
        "How many deals have reached each stage of each pipeline, and their share.",
        "/analytics/funnel",
        REPORTS,
        PeriodArguments,
        of_period,
        reading(lambda uow, query: ReportService(uow).funnel(query), FunnelQuery),
        _funnel,
    ),
    Tool(
        "lead_sources",
        "Where leads come from: leads, how many were converted, what was won, by source.",
        "/analytics/lead-sources",
        REPORTS,
        MoneyArguments,
        of_period,
        reading(lambda uow, query: ReportService(uow).lead_sources(query), Period),
        _lead_sources,
    ),
    Tool(
        "top_products",
        "The products that paid orders held most of, by revenue or by quantity.",
        "/analytics/top-products",
        REPORTS,
        TopProductsArguments,
        of_period,
        reading(lambda uow, query: ReportService(uow).top_products(query), TopProductsQuery),
        _top_products,
    ),
)
