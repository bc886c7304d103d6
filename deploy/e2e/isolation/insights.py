"""What is found in months of sales, which no story has: kept as the jobs would keep it."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from deploy.e2e.conftest import Suite
from deploy.e2e.isolation.acting import patiently
from deploy.e2e.isolation.world import Business
from libs.common.ids import new_id

# Later than any run of the suite, which would remove what it did not find itself.
_COMPUTED_AT = datetime(2100, 1, 1, tzinfo=UTC)


async def have_insights(suite: Suite, business: Business) -> None:
    """Have figures looked at, and give a business two findings of each kind and things to do."""
    for name in ("Call back", "Write again"):
        await business.make("/tasks", {"name": name, "due_at": "2026-01-02T00:00:00Z"})
    late = {"pipeline_id": business.ids["pipeline_id"], "expected_close_on": "2026-01-02"}
    await business.make("/deals", {"name": "To be closed", **late})
    for kind in ("anomalies", "price-recommendations"):
        path = f"/insight-analytics/{kind}"
        await business.call("POST", f"{path}/refresh", json={"tz": "UTC"}, status=202, who=business.owner)

        async def listed(path: str = path) -> dict[str, Any]:
            return dict(await business.call("GET", path, who=business.owner))

        await patiently(f"a run of {kind}", listed, lambda page: page["as_of"] is not None)

    async def actions() -> list[Any]:
        page = await business.call("GET", "/insight-analytics/next-best-actions", who=business.owner)
        return list(page["items"])

    kinds = {"overdue_task", "close_date_passed"}
    await patiently("things to do", actions, lambda items: kinds <= {item["kind"] for item in items})
    with psycopg.connect(suite.settings.database_url, autocommit=True) as connection:
        for number in range(2):
            business.ids["anomaly_id"] = _anomaly(connection, business, number)
            _price(connection, business)


def _insert(connection: psycopg.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join(["%s"] * len(row))
    connection.execute(
        f"INSERT INTO analytics.{table} ({', '.join(row)}) VALUES ({marks})",
        [Jsonb(value) if isinstance(value, dict) else value for value in row.values()],
    )


def _anomaly(connection: psycopg.Connection, business: Business, number: int) -> str:
    row: dict[str, object] = {
        "tenant_id": business.company,
        "id": str(new_id()),
        "metric": "product_units",
        "subject": str(number),
        "product_id": business.ids["product_id"],
        "product_name": business.marker,
        "day": "2026-05-05",
        "tz": "UTC",
        "currency": "ZAR",
        "direction": "high",
        "severity": "high",
        "history_days": 60,
        "impact": 5000,
        "note": business.marker,
        **dict.fromkeys(("observed", "expected", "low", "high", "score", "p_value"), 1.0),
    }
    _insert(connection, "anomalies", row)
    return str(row["id"])


def _price(connection: psycopg.Connection, business: Business) -> None:
    price = {"amount": 1000, "currency": "ZAR"}
    evidence = {
        "weeks": 30,
        "price_weeks": 30,
        "price_low": price,
        "price_high": price,
        "price_variation": 0.1,
    }
    interval = {"low": -2.0, "high": -1.5}
    row: dict[str, object] = {
        "tenant_id": business.company,
        "id": str(new_id()),
        "product_id": business.ids["product_id"],
        "variant_id": str(new_id()),
        "sku": business.marker,
        "name": business.marker,
        "currency": "ZAR",
        "action": "keep",
        "current_price": 1000,
        "recommended_price": 1000,
        "evidence": {**evidence, "elasticity": -1.7, "interval": interval, "method": "Poisson"},
        "computed_at": _COMPUTED_AT,
    }
    _insert(connection, "price_recommendations", row)
