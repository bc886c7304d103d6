"""Computes forecasts run by run, in a process of its own that is there while there is work.

The series of a run are noted first, then looked at in batches, each in a commit of its own; when none is left the run
takes the place of the one before. So it may end anywhere and goes on where it was, and nobody sees half of it.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.jobs.job import Job
from libs.common.runtime.context import ServiceContext
from services.analytics.demand_forecast.answers import unsold
from services.analytics.demand_forecast.calendar import present, zone
from services.analytics.demand_forecast.figures import worker_failures
from services.analytics.demand_forecast.history import Cut, History
from services.analytics.demand_forecast.models import ForecastRun, RunStatus
from services.analytics.demand_forecast.process import Worker, WorkerFailed
from services.analytics.demand_forecast.repository import (
    UNFINISHED,
    ForecastRepository,
    ForecastRunRepository,
)
from services.analytics.demand_forecast.service import cut_of
from services.analytics.demand_forecast.stockouts import demand

log = logging.getLogger("pillars.analytics.forecasts")

# Some 20,000 buckets, read at a time.
BATCH = 50
# After so long a job lets others have their turn; the next one goes on.
_TURN_SECONDS = 120.0
_LEASE_SECONDS = 300.0
# A run whose worker fails so often is given up.
MOST_FAILURES = 3
# Runs that are over are kept so long, to be read about.
_KEPT = timedelta(days=30)
# Grains and zones of one business whose forecasts are kept.
MOST_KEPT = 12

# Forecasts that nobody asked for in so long are not renewed.
_ASKED = timedelta(days=14)
# Renewed at night, by the clock of their zone; those that no night has renewed, at any time.
_NIGHT = range(1, 5)
_RENEWED, _OVERDUE = timedelta(hours=20), timedelta(hours=30)
_RENEWALS = 500


def waiting(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `compute_forecasts` finds."""
    return select(ForecastRun.id).where(ForecastRun.status.in_(UNFINISHED))


async def compute_forecasts(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Compute the runs that wait, the oldest first."""
    async with Worker() as worker:
        await compute_waiting(uow.context, worker, time.monotonic() + _TURN_SECONDS)


async def compute_waiting(context: ServiceContext, worker: Worker, until: float) -> None:
    """Compute the runs that wait, as far as the time (of the monotonic clock) reaches."""
    statement = (
        select(ForecastRun.tenant_id, ForecastRun.id)
        .where(ForecastRun.status.in_(UNFINISHED))
        .order_by(ForecastRun.created_at)
        .limit(1)
    )
    while time.monotonic() < until:
        async with context.unit_of_work(platform=True) as reading:
            found = (await reading.session.execute(statement)).first()
        if found is None:
            return
        await Computation(context, worker, *found).go_on(until)


async def renew_forecasts(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have the forecasts computed anew whose night it is, as long as somebody looks at them."""
    statement = (
        select(ForecastRun)
        .where(
            ForecastRun.is_current,
            ForecastRun.finished_at < uow.now - _RENEWED,
            ForecastRun.asked_at > uow.now - _ASKED,
        )
        .order_by(ForecastRun.finished_at)
        .limit(_RENEWALS)
    )
    rows = list((await uow.session.execute(statement)).scalars())
    due = [(run.tenant_id, run.grain, run.tz, run.asked_at) for run in rows if is_due(run, uow.now)]
    uow.session.expunge_all()
    for tenant_id, grain, tz, asked_at in due:
        async with uow.context.unit_of_work(tenant_id=tenant_id) as own:
            await ForecastRunRepository(own).queue(grain, tz, asked_at)


def is_due(run: ForecastRun, now: datetime) -> bool:
    """Whether the forecasts of a run are to be renewed now: it is night where they are looked at, or long past it."""
    assert run.finished_at is not None
    is_night = now.astimezone(zone(run.tz)).hour in _NIGHT
    return now - run.finished_at > (_RENEWED if is_night else _OVERDUE)


class Computation:
    """One run, on its way."""

    def __init__(self, context: ServiceContext, worker: Worker, tenant_id: UUID, run_id: UUID) -> None:
        self._context = context
        self._worker = worker
        self._tenant_id = tenant_id
        self._run_id = run_id

    async def go_on(self, until: float) -> None:
        """Do what is left of it, as far as the time (of the monotonic clock) reaches."""
        cut = await self._begin()
        while cut is not None and time.monotonic() < until:
            try:
                is_more = await self._next(cut)
            except WorkerFailed as error:
                await self._failed(str(error))
                return
            if not is_more:
                await self._end()
                return

    async def _begin(self) -> Cut | None:
        """Note the series; the history that it looks at, or None if it is over."""
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            run = await self._locked(uow)
            if run is None:
                return None
            if run.status == RunStatus.QUEUED:
                cut = Cut(run.grain, run.tz, present(uow.now, run.grain, run.tz))
                run.series = await History(uow).note(run, cut)
                run.status, run.started_at, run.until = RunStatus.RUNNING, uow.now, cut.ends_at
                await ForecastRunRepository(uow).save(run)
            return cut_of(run)

    async def _next(self, cut: Cut) -> bool:
        """Look at the next batch; whether there was one."""
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            ids = await ForecastRepository(uow).pending(self._run_id, BATCH)
            values = await demand(uow, cut, ids)
        if not ids:
            return False
        sold = [variant_id for variant_id in ids if variant_id in values]
        found = dict.fromkeys(ids, unsold())
        if sold:
            documents = await self._worker.examine(cut.grain, [values[one][1] for one in sold])
            for variant_id, document in zip(sold, documents, strict=True):
                found[variant_id] = {**document, "first": values[variant_id][0].isoformat()}
        failpoint("forecasts", "computed")
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            run = await self._locked(uow)
            if run is None:
                return False
            kept = await ForecastRepository(uow).keep(self._run_id, found)
            run.computed += len(kept)
            run.refused += sum(document["refused"] is not None for document in kept)
            await ForecastRunRepository(uow).save(run)
        return True

    async def _end(self) -> None:
        """Let its forecasts take the place of those before."""
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            runs = ForecastRunRepository(uow)
            run = await self._locked(uow)
            if run is None:
                return
            before = await runs.current(run.grain, run.tz)
            if before is not None:
                await runs.retire(before)
            run.status, run.is_current, run.finished_at = RunStatus.DONE, True, uow.now
            await runs.save(run)
            for seldom in await runs.least_asked(MOST_KEPT):
                await runs.retire(seldom)
            await runs.forget(uow.now - _KEPT)
            fields = {"tenant_id": str(self._tenant_id), "run_id": str(run.id), "series": run.series}
        log.info("forecasts computed", extra=fields)

    async def _failed(self, reason: str) -> None:
        """Note that the worker failed; after some times the run is given up, and what was shown before stays."""
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            run = await self._locked(uow)
            if run is None:
                return
            run.failures += 1
            run.error = reason
            if run.failures >= MOST_FAILURES:
                run.status, run.finished_at = RunStatus.FAILED, uow.now
                await ForecastRepository(uow).remove(run.id)
            await ForecastRunRepository(uow).save(run)
        worker_failures.inc()
        log.warning("forecasts wait: %s", reason, extra={"run_id": str(self._run_id)})

    async def _locked(self, uow: UnitOfWork) -> ForecastRun | None:
        """The run, unless it is over by now."""
        run = await ForecastRunRepository(uow).get(self._run_id, lock=True)
        return run if run is not None and run.status in UNFINISHED else None


JOBS = (
    Job("compute_forecasts", compute_forecasts, every=1, lease=_LEASE_SECONDS, finds=waiting),
    Job("renew_forecasts", renew_forecasts, every=600),
)
