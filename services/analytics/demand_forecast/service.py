"""The rules of forecasts: where they come from, how fresh they are, and who is told what."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, RateLimited
from libs.common.resource import ResourceService
from services.analytics.demand_forecast.answers import Answer, unsold
from services.analytics.demand_forecast.calendar import distance, floor, present, zone
from services.analytics.demand_forecast.catalog import variants_of
from services.analytics.demand_forecast.engine.examine import examine
from services.analytics.demand_forecast.engine.series import SHAPES
from services.analytics.demand_forecast.history import Cut, History, Named, Series
from services.analytics.demand_forecast.models import ForecastRun
from services.analytics.demand_forecast.repository import ForecastRepository, ForecastRunRepository
from services.analytics.demand_forecast.schemas import (
    MOST_AHEAD,
    ForecastOut,
    ForecastPage,
    ForecastQuery,
    RefreshBody,
    RefreshOut,
    RunOut,
)
from services.analytics.demand_forecast.stockouts import Demand, demand

# Series that are computed for an answer, a few milliseconds each; the next page has the next ones.
MOST_DIRECT = 20
# Runs of one business that may wait at a time.
MOST_WAITING = 6
_RETRY_SECONDS = 30
# Who asks is noted once a day.
_NOTED = timedelta(days=1)
# Where a page begins: behind the series of this volume and variant.
After = tuple[int, UUID] | None


@dataclass(frozen=True, slots=True)
class _Page:
    """What is shown: each series with what was found of it, from the history up to the end of the cut."""

    found: list[tuple[Series, dict[str, Any]]]
    has_more: bool
    source: Literal["run", "direct"]
    cut: Cut
    as_of: datetime


class ForecastRunService(ResourceService[ForecastRun]):
    """Runs of one business, to be read."""

    repository = ForecastRunRepository
    noun = "forecast run"


class ForecastService:
    """Forecasts of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.runs = ForecastRunRepository(uow)
        self.forecasts = ForecastRepository(uow)
        self.history = History(uow)

    async def refresh(self, body: RefreshBody) -> RefreshOut:
        """Have forecasts computed anew; what waits or is under way is not asked for twice.

        Raises:
            RateLimited: too many runs of the business wait.
        """
        found = []
        for grain in [body.grain] if body.grain else list(SHAPES):
            run = await self.runs.unfinished(grain, body.tz)
            if run is None:
                run = await self._queue(grain, body.tz)
                if run is None:
                    raise RateLimited(
                        "Other forecasts of the business wait to be computed.",
                        headers={"Retry-After": str(_RETRY_SECONDS)},
                    )
                after = {"grain": grain, "tz": body.tz}
                self.uow.audit("refreshed", "demand forecast", run.id, after=after)
            found.append(RunOut.model_validate(run))
        return RefreshOut(runs=found)

    async def page(self, query: ForecastQuery) -> ForecastPage:
        """One page of forecasts: those of the last run, or where there is none some that are computed at once.

        Raises:
            NotFound: what is named is nothing of this business.
            InvalidCursor: the cursor is of another list.
        """
        cut = Cut(query.grain, query.tz, present(self.uow.now, query.grain, query.tz))
        named = Named(query.product_id, query.variant_id, query.sku)
        binding = f"demand-forecast|{self.uow.tenant_id}|{query.grain}|{query.tz}|{named}"
        after = self.uow.context.cursors.decode(binding, query.cursor) if query.cursor else None
        run = await self._current(cut)
        page = None if run is None else await self._from_run(run, named, after, query.limit)
        if page is None or (named and not page.found and after is None):
            # Nothing was computed yet, or this was sold for the first time after that.
            page = await self._at_once(cut, named, after, min(query.limit, MOST_DIRECT))
        is_sold = bool(page.found)
        if named and after is None and not page.has_more:
            # Before anything is written, for the catalog is not asked within a transaction.
            page.found.extend(await self._unsold(named, [series for series, _ in page.found]))
        waiting = await self.runs.unfinished(query.grain, query.tz)
        if waiting is None and is_sold and (run is None or page.cut.until < cut.until):
            waiting = await self._queue(query.grain, query.tz)
        return await self._answer(query, page, cut, run, waiting, binding)

    async def _answer(
        self,
        query: ForecastQuery,
        page: _Page,
        cut: Cut,
        run: ForecastRun | None,
        waiting: ForecastRun | None,
        binding: str,
    ) -> ForecastPage:
        stock = await self.history.available([series.variant_id for series, _ in page.found])
        items = []
        for series, document in page.found:
            answer = Answer(document, page.cut, cut.until, query)
            items.append(
                ForecastOut(
                    product_id=series.product_id,
                    variant_id=series.variant_id,
                    sku=series.sku,
                    name=series.name,
                    source=page.source,
                    as_of=page.as_of,
                    **answer.fields(stock.get(series.variant_id)),
                )
            )
        cursor = None
        if page.has_more:
            last = page.found[-1][0]
            cursor = self.uow.context.cursors.encode(binding, last.volume, last.variant_id)
        status: Literal["ready", "computing", "empty"] = "ready"
        if run is None:
            status = "empty" if waiting is None else "computing"
        told = waiting or run
        return ForecastPage(
            items=items,
            next_cursor=cursor,
            grain=query.grain,
            tz=query.tz,
            horizon=query.ahead,
            level=query.wanted_level,
            status=status,
            as_of=page.as_of,
            until=page.cut.ends_at,
            is_stale=page.cut.until < cut.until,
            run=None if told is None else RunOut.model_validate(told),
        )

    async def _current(self, cut: Cut) -> ForecastRun | None:
        """The run to show, unless it is so old that its forecasts do not reach far enough."""
        run = await self.runs.current(cut.grain, cut.tz)
        if run is None:
            return None
        past = distance(cut_of(run).until, cut.until, cut.grain)
        if past > SHAPES[cut.grain].longest - MOST_AHEAD[cut.grain]:
            return None
        if self.uow.now - run.asked_at > _NOTED:
            await self.runs.asked(run, self.uow.now)
        return run

    async def _from_run(self, run: ForecastRun, named: Named, after: After, limit: int) -> _Page:
        rows = await self.forecasts.page(run.id, named, after, limit + 1)
        found = [
            (Series(row.variant_id, row.product_id, row.sku, row.name, row.volume), row.document or unsold())
            for row in rows[:limit]
        ]
        return _Page(found, len(rows) > limit, "run", cut_of(run), run.finished_at or self.uow.now)

    async def _at_once(self, cut: Cut, named: Named, after: After, limit: int) -> _Page:
        rows = await self.history.page(cut, named, after, limit + 1)
        values = await demand(self.uow, cut, [row.variant_id for row in rows[:limit]])
        # The loop goes on meanwhile.
        found = await asyncio.to_thread(_examined, cut.grain, rows[:limit], values)
        return _Page(found, len(rows) > limit, "direct", cut, self.uow.now)

    async def _unsold(self, named: Named, sold: Sequence[Series]) -> list[tuple[Series, dict[str, Any]]]:
        """What else is named, if the business has it and has not sold it yet.

        Raises:
            NotFound: it has no such thing, and nothing of what is named was sold.
        """
        product_ids = None if named.product_id is None else set(named.product_id)
        variant_ids = None if named.variant_id is None else set(named.variant_id)
        unheard = set(named.sku or ()) - {series.sku for series in sold}
        if named.sku is not None:
            stocked = await self.history.stocked(sorted(unheard)) if unheard else set()
            variant_ids = stocked if variant_ids is None else variant_ids & stocked
            if not variant_ids and not sold:
                raise NotFound("Nothing of this SKU was sold.", resource="variant")
        found: list[Series] = []
        if variant_ids is not None:
            variant_ids -= {series.variant_id for series in sold}
        elif product_ids is not None:
            product_ids -= {series.product_id for series in sold}
        if variant_ids or (variant_ids is None and product_ids):
            # Nobody is asked within a transaction; what it has read is all that it did.
            await self.uow.transaction.close()
            found = await variants_of(
                self.uow.context, self.uow.tenant_id, product_ids=product_ids, variant_ids=variant_ids
            )
        if not found and not sold:
            noun = "product" if named.product_id else "variant"
            raise NotFound(f"There is no such {noun}.", resource=noun)
        return [(series, unsold()) for series in found]

    async def _queue(self, grain: str, tz: str) -> ForecastRun | None:
        """A run that waits, or None where too many do."""
        if await self.runs.count_unfinished() >= MOST_WAITING:
            return None
        await self.runs.queue(grain, tz, self.uow.now)
        self.uow.after_commit(self.uow.context.wake_jobs)
        return await self.runs.unfinished(grain, tz)


def cut_of(run: ForecastRun) -> Cut:
    """The history that a run has looked at."""
    assert run.until is not None, "it has begun"
    return Cut(run.grain, run.tz, floor(run.until.astimezone(zone(run.tz)), run.grain))


def _examined(
    grain: str, rows: Sequence[Series], values: Mapping[UUID, Demand]
) -> list[tuple[Series, dict[str, Any]]]:
    found = []
    for row in rows:
        if row.variant_id in values:
            first, amounts = values[row.variant_id]
            found.append((row, {**examine(amounts, SHAPES[grain]), "first": first.isoformat()}))
        else:
            found.append((row, unsold()))
    return found
