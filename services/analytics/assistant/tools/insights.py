"""The tools over what is worked out from the facts: growth, and the demand to expect."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from libs.contracts.features import FORECASTING, INSIGHTS
from services.analytics.assistant.figures import Reader
from services.analytics.assistant.tools.reports import of_period, reading
from services.analytics.assistant.tools.tool import Arguments, Asker, MoneyArguments, Tool
from services.analytics.assistant.words import Language, label
from services.analytics.demand_forecast.schemas import ForecastQuery
from services.analytics.demand_forecast.service import ForecastService
from services.analytics.insights.sales_metrics.schemas import SalesMetricsQuery
from services.analytics.insights.sales_metrics.service import SalesMetricsService


class MetricsArguments(MoneyArguments):
    """Which stretch to look at; it must have a beginning, to be compared."""

    period: Annotated[str, *MoneyArguments.model_fields["period"].metadata] = Field(
        "last_30_days", description=MoneyArguments.model_fields["period"].description
    )

    @field_validator("period")
    @classmethod
    def _has_a_beginning(cls, value: str) -> str:
        # What never began has nothing before it.
        return "last_365_days" if value == "all_time" else value


class ForecastArguments(Arguments):
    """How far to look ahead, by which steps."""

    grain: Literal["day", "week", "month"] = "week"
    limit: Annotated[int, Field(ge=1, le=20)] = 5


def _forecast_params(arguments: ForecastArguments, asker: Asker) -> dict[str, Any]:
    return {"grain": arguments.grain, "limit": arguments.limit, "tz": asker.tz}


def _metrics(reader: Reader, language: Language) -> None:
    reader.money(label("revenue", language), "/revenue")
    reader.money(f"{label('revenue', language)}, {label('earlier', language)}", "/previous/revenue")
    reader.number(f"{label('revenue', language)}, {label('growth', language)}", "/growth/revenue", "ratio")
    reader.number(label("orders", language), "/orders", "orders")
    reader.number(f"{label('orders', language)}, {label('growth', language)}", "/growth/orders", "ratio")
    reader.money(label("average_order", language), "/average_order_value")
    reader.number(label("refund_rate", language), "/refund_rate", "ratio")


def _forecast(reader: Reader, language: Language) -> None:
    reader.number(label("ahead", language), "/horizon", reader.document["grain"])
    for field, row in reader.each("/items"):
        name = f"{row['name']} ({row['sku']})"
        reader.number(f"{name}, {label('demand_of', language)}", f"{field}/total", "pieces")
        if row["reorder"] is not None:
            reader.number(f"{name}, {label('reorder_of', language)}", f"{field}/reorder/quantity", "pieces")


TOOLS = (
    Tool(
        "sales_metrics",
        "How sales did in a stretch and how much they grew against the stretch of equal length before: revenue, orders, "
        "average order, refund rate.",
        "/insight-analytics/sales-metrics",
        "analytics.sales_metrics.read",
        MetricsArguments,
        of_period,
        reading(lambda uow, query: SalesMetricsService(uow).read(query), SalesMetricsQuery),
        _metrics,
        feature=INSIGHTS,
        compares=True,
    ),
    Tool(
        "demand_forecast",
        "The demand to expect for the products sold most lately, in pieces over so many days, weeks or months ahead, and "
        "what to order now. A product with too little history has no forecast.",
        "/insight-analytics/demand-forecast",
        "analytics.demand_forecast.read",
        ForecastArguments,
        _forecast_params,
        reading(lambda uow, query: ForecastService(uow).page(query), ForecastQuery),
        _forecast,
        feature=FORECASTING,
    ),
)
