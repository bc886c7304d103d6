"""When variants could not be sold because nothing was in stock, as the archived events of stock tell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, func, literal, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.catalog import StockChanged
from services.analytics.demand_forecast.calendar import distance, floor, moment, step, zone
from services.analytics.demand_forecast.history import Cut, History
from services.analytics.events.models import ArchivedEvent

# What is out of stock for longer was given up rather than sold out: that nothing is sold of it says something.
_GIVEN_UP = timedelta(days=91)
# From when to when.
Out = tuple[datetime, datetime]


# The first bucket of a series and its values from there on; None where nothing could be sold.
Demand = tuple[datetime, list[int | None]]


async def demand(uow: UnitOfWork, cut: Cut, variant_ids: Sequence[UUID]) -> dict[UUID, Demand]:
    """What was sold of those of the variants that were, as `History.values` gives it, without what was out of stock."""
    sold = await History(uow).values(cut, variant_ids)
    out = await outs(uow, cut, list(sold)) if sold else {}
    found: dict[UUID, Demand] = {}
    for variant_id, (first, values) in sold.items():
        known = masked(cut, first, values, out.get(variant_id, ()))
        began = next((place for place, value in enumerate(known) if value is not None), 0)
        found[variant_id] = step(first, cut.grain, began), known[began:]
    return found


async def outs(uow: UnitOfWork, cut: Cut, variant_ids: Sequence[UUID]) -> dict[UUID, list[Out]]:
    """By variant, the stretches in which no warehouse that is known had anything to sell."""
    data = ArchivedEvent.data
    is_out = data["available"].astext.cast(BigInteger) <= 0
    order = ArchivedEvent.time, data["revision"].astext.cast(BigInteger)
    store = data["store_id"].astext
    before = func.lag(is_out).over(partition_by=(ArchivedEvent.subject, store), order_by=order)
    changes = (
        select(
            data["variant_id"].astext.label("variant"),
            store.label("store"),
            ArchivedEvent.time.label("time"),
            is_out.label("is_out"),
            before.label("was_out"),
        )
        .where(
            ArchivedEvent.tenant_id == uow.tenant_id,
            # Written out, so that the index over such events is seen to hold them.
            ArchivedEvent.type == literal(StockChanged.wire_name, literal_execute=True),
            ArchivedEvent.subject.in_([f"stock/{variant_id}" for variant_id in variant_ids]),
        )
        .subquery()
    )
    statement = (
        select(changes.c.variant, changes.c.store, changes.c.time, changes.c.is_out)
        .where(changes.c.is_out.is_distinct_from(changes.c.was_out))
        .order_by(changes.c.variant, changes.c.time)
    )
    found: dict[UUID, list[Out]] = {}
    empty: dict[str, bool] = {}
    since: datetime | None = None
    last = ""
    for variant, warehouse, time, now_out in await uow.session.execute(statement):
        if variant != last:
            _close(found, last, since, cut.ends_at)
            last, empty, since = variant, {}, None
        empty[warehouse] = now_out
        if all(empty.values()):
            since = since or time
        elif since is not None:
            _close(found, variant, since, time)
            since = None
    _close(found, last, since, cut.ends_at)
    return found


def _close(found: dict[UUID, list[Out]], variant: str, since: datetime | None, until: datetime) -> None:
    if since is not None and timedelta(0) < until - since <= _GIVEN_UP:
        found.setdefault(UUID(variant), []).append((since, until))


def masked(cut: Cut, first: datetime, values: Sequence[int], out: Sequence[Out]) -> list[int | None]:
    """The values of the buckets from the first one on, without those in which nothing could be sold, and nothing was."""
    found: list[int | None] = list(values)
    for since, until in out:
        bucket = floor(since.astimezone(zone(cut.tz)), cut.grain)
        if moment(bucket, cut.tz) < since:
            bucket = step(bucket, cut.grain, 1)
        while (after := step(bucket, cut.grain, 1)) <= cut.until and moment(after, cut.tz) <= until:
            place = distance(first, bucket, cut.grain)
            if 0 <= place < len(found) and found[place] == 0:
                found[place] = None
            bucket = after
    return found
