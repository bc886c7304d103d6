"""All SQL over the facts: which series there are, what was sold of them, and what is in stock.

Demand is what paid orders held, by when they were paid, as in the sales report; cancelled orders count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.demand_forecast.calendar import distance, moment, step
from services.analytics.demand_forecast.engine.series import SHAPES
from services.analytics.demand_forecast.models import DemandForecast, ForecastRun
from services.analytics.facts.models import OrderFact, OrderLineFact, StockFact

# By what was sold in so many days lists are ordered.
RECENT = timedelta(days=91)
# Of one business, in one run: those that sold most.
MOST_SERIES = 10_000


@dataclass(frozen=True, slots=True)
class Series:
    """A variant that was sold."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    volume: int


@dataclass(frozen=True, slots=True)
class Named:
    """Which series are asked for, by any of the values of each kind that is named; all of them if nothing is."""

    product_id: Sequence[UUID] | None = None
    variant_id: Sequence[UUID] | None = None
    sku: Sequence[str] | None = None

    def __bool__(self) -> bool:
        return not (self.product_id is None and self.variant_id is None and self.sku is None)

    def conditions(self, model: type[Any]) -> list[ColumnElement[bool]]:
        """The conditions on rows that have these columns."""
        found = {"product_id": self.product_id, "variant_id": self.variant_id, "sku": self.sku}
        return [getattr(model, name).in_(values) for name, values in found.items() if values is not None]


@dataclass(frozen=True, slots=True)
class Cut:
    """What part of the past is looked at.

    Attributes:
        until: the beginning of the first bucket that is not over, by the clock of the zone.
    """

    grain: str
    tz: str
    until: datetime

    @property
    def ends_at(self) -> datetime:
        """The moment at which the history ends."""
        return moment(self.until, self.tz)

    @property
    def begins_at(self) -> datetime:
        """The moment before which nothing is looked at."""
        return moment(step(self.until, self.grain, -SHAPES[self.grain].kept), self.tz)


class History:
    """Reads the facts of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work."""
        return self.uow.session

    async def note(self, run: ForecastRun, cut: Cut) -> int:
        """Note the series of a run, those that sold most; how many they are."""
        found = self._series(cut, Named(), literal(run.id, Uuid)).limit(MOST_SERIES)
        columns = ["tenant_id", "run_id", "variant_id", "product_id", "sku", "name", "volume"]
        statement = insert(DemandForecast).from_select(columns, found, include_defaults=False)
        await self.session.execute(statement.on_conflict_do_nothing())
        noted = select(func.count()).where(
            DemandForecast.tenant_id == self.uow.tenant_id, DemandForecast.run_id == run.id
        )
        return int((await self.session.execute(noted)).scalar_one())

    async def page(self, cut: Cut, named: Named, after: tuple[int, UUID] | None, limit: int) -> list[Series]:
        """The series after one in the order of volume, most first."""
        found = self._series(cut, named, literal(None, Uuid)).subquery()
        statement = select(*(found.c[name] for name in Series.__slots__))
        if after is not None:
            statement = statement.where(tuple_(found.c.volume, found.c.variant_id) < after)
        order = found.c.volume.desc(), found.c.variant_id.desc()
        rows = (await self.session.execute(statement.order_by(*order).limit(limit))).all()
        return [Series(*row) for row in rows]

    def _series(self, cut: Cut, named: Named, run_id: ColumnElement[Any]) -> Select[Any]:
        def latest(column: Any) -> Any:
            return func.array_agg(aggregate_order_by(column, OrderFact.paid_at.desc(), OrderFact.order_id))[1]

        volume = func.coalesce(
            func.sum(OrderLineFact.quantity).filter(OrderFact.paid_at >= cut.ends_at - RECENT), 0
        )
        return (
            select(
                OrderLineFact.tenant_id,
                run_id.label("run_id"),
                OrderLineFact.variant_id,
                latest(OrderLineFact.product_id).label("product_id"),
                latest(OrderLineFact.sku).label("sku"),
                latest(OrderLineFact.name).label("name"),
                volume.label("volume"),
            )
            .join(OrderFact, self._joined())
            .where(
                *self._counted(),
                *named.conditions(OrderLineFact),
                # Something named is found however long ago it was sold.
                *([] if named else [OrderFact.paid_at >= cut.begins_at]),
            )
            .group_by(OrderLineFact.tenant_id, OrderLineFact.variant_id)
            .order_by(volume.desc(), OrderLineFact.variant_id.desc())
        )

    async def values(self, cut: Cut, variant_ids: Sequence[UUID]) -> dict[UUID, tuple[datetime, list[int]]]:
        """Of each variant the first bucket and the quantities from there on, up to the last bucket that is over.

        A bucket without sales counts zero. What lies further back than is kept shows only in where the series begins.
        """
        bucket = func.date_trunc(cut.grain, func.timezone(cut.tz, OrderFact.paid_at))
        sold = (
            select(
                OrderLineFact.variant_id,
                bucket.label("bucket"),
                func.sum(OrderLineFact.quantity).label("quantity"),
            )
            .join(OrderFact, self._joined())
            .where(
                *self._counted(),
                OrderFact.paid_at < cut.ends_at,
                OrderLineFact.variant_id.in_(variant_ids),
            )
            .group_by(OrderLineFact.variant_id, bucket)
            .subquery()
        )
        statement = select(
            sold.c.variant_id, func.array_agg(sold.c.bucket), func.array_agg(sold.c.quantity)
        ).group_by(sold.c.variant_id)
        rows = (await self.session.execute(statement)).all()
        return {variant_id: _filled(cut, buckets, amounts) for variant_id, buckets, amounts in rows}

    async def available(self, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
        """What can be sold of variants whose stock is known, in all warehouses together."""
        statement = (
            select(StockFact.variant_id, func.sum(StockFact.available))
            .where(StockFact.tenant_id == self.uow.tenant_id, StockFact.variant_id.in_(variant_ids))
            .group_by(StockFact.variant_id)
        )
        return {variant_id: int(total) for variant_id, total in await self.session.execute(statement)}

    async def stocked(self, skus: Sequence[str]) -> set[UUID]:
        """The variants of these SKUs of which stock is known."""
        statement = select(StockFact.variant_id).where(
            StockFact.tenant_id == self.uow.tenant_id, StockFact.sku.in_(skus)
        )
        return set((await self.session.execute(statement)).scalars())

    def _joined(self) -> ColumnElement[bool]:
        return and_(
            OrderFact.tenant_id == OrderLineFact.tenant_id, OrderFact.order_id == OrderLineFact.order_id
        )

    def _counted(self) -> list[ColumnElement[bool]]:
        return [
            OrderLineFact.tenant_id == self.uow.tenant_id,
            OrderFact.tenant_id == self.uow.tenant_id,
            OrderFact.paid_at.is_not(None),
            OrderFact.cancelled_at.is_(None),
        ]


def _filled(cut: Cut, buckets: list[datetime], amounts: list[int]) -> tuple[datetime, list[int]]:
    kept = SHAPES[cut.grain].kept
    first = max(min(buckets), step(cut.until, cut.grain, -kept))
    values = [0] * distance(first, cut.until, cut.grain)
    for bucket, amount in zip(buckets, amounts, strict=True):
        if bucket >= first:
            values[distance(first, bucket, cut.grain)] += int(amount)
    return first, values
