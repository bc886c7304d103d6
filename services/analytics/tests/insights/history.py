"""Months of sales as facts, written at once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from services.analytics.facts.models import MoneyFact, OrderFact, OrderLineFact

Fact = tuple[Any, dict[str, Any]]


def day_before(days: int, hour: int = 12, tz: tzinfo = UTC) -> datetime:
    """A moment so many days ago, by the calendar and the clocks of a time zone."""
    return datetime.combine(datetime.now(tz).date() - timedelta(days=days), time(hour), tz)


def order(
    tenant_id: UUID,
    at: datetime,
    total: int,
    *,
    quantity: int = 1,
    product_id: UUID | None = None,
    variant_id: UUID | None = None,
    customer: str = "client@example.com",
) -> list[Fact]:
    """The facts of an order of one line that was placed, paid and captured at one moment."""
    order_id = new_id()
    placed = {"customer": customer, "total": total, "placed_at": at, "paid_at": at}
    line = {"product_id": product_id or new_id(), "variant_id": variant_id or new_id(), "total": total}
    money = {"kind": "payment", "amount": total, "happened_at": at}
    ids = {"tenant_id": tenant_id, "order_id": order_id, "currency": "ZAR"}
    named = {"sku": "HB-250", "name": "House blend", "quantity": quantity}
    return [
        (OrderFact, ids | placed),
        (OrderLineFact, ids | line | named | {"line_id": new_id()}),
        (MoneyFact, ids | money | {"id": new_id()}),
    ]


async def write(context: ServiceContext, tenant_id: UUID, rows: Iterable[Fact]) -> None:
    """Write facts of a business, a statement for each kind."""
    by_model: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for model, values in rows:
        by_model[model].append(values)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for model, values in by_model.items():
            await uow.session.execute(insert(model), values)
