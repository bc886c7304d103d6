"""Runs the jobs of one service: claims due ones under a lease, and finishes each in the commit of its effect."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy import DateTime, literal_column, text
from sqlalchemy.exc import SQLAlchemyError

from libs.common import metrics
from libs.common.db.direct import Direct
from libs.common.db.encrypted import encryption_jobs
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.ids import new_id
from libs.common.jobs.job import Job
from libs.common.jobs.retention import Retention
from libs.common.jobs.sweeps import sweep_jobs
from libs.common.messaging.consumer import is_outage, reason_of
from libs.common.messaging.waiting import backoff, wait_for
from libs.common.telemetry import span

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

logger = logging.getLogger("pillars.jobs")

# Where the time goes in the statement of a look, and what stands there while its parts are made.
_NOW = "CAST(:now AS timestamptz)"
_NOW_MARK = "<now>"
# A timed job runs so often even if it says that it would find nothing.
_UNASKED_SECONDS = 60.0
_STOP_SECONDS = 15.0
_MEASURE_SECONDS = 15.0
_RETRY_SECONDS = 5.0
_LONGEST_RETRY_SECONDS = 3600.0
# Of a timed job after all its attempts have ended with their workers.
_REST_SECONDS = 60.0
# The key of a timed job: while one run of it is unfinished, no other is added.
_TICK = "@tick"


class LeaseLost(Exception):
    """The run took longer than its lease and another worker has the job; this run's effect is rolled back."""


class Interrupted(Exception):
    """The process ended before the run did; it does not count as an attempt."""


@dataclass(frozen=True, slots=True)
class _Claim:
    id: UUID
    job: Job
    tenant_id: UUID | None
    key: str | None
    args: dict[str, Any]
    attempts: int


class JobRunner:
    """Runs the jobs of a service, and the sweeps that every service has.

    `concurrency` jobs run at once; every `poll` seconds it looks for due ones without having been woken. Dueness is
    by the clock of the context, claims are by the clock of the database.
    """

    def __init__(
        self,
        context: "ServiceContext",
        jobs: Sequence[Job] | None = None,
        *,
        concurrency: int = 4,
        poll: float = 1.0,
        retention: Retention | None = None,
    ) -> None:
        self._context = context
        own = context.service.jobs if jobs is None else jobs
        self._jobs = {
            job.name: job
            for job in (
                *own,
                *encryption_jobs(context.service.encrypted),
                *sweep_jobs(retention or Retention()),
            )
        }
        self._concurrency = concurrency
        self._poll = poll
        self._service = context.service.name
        self._running: dict[asyncio.Task[None], _Claim] = {}
        self._renewing: set[asyncio.Task[None]] = set()
        self._ticks: dict[str, datetime] = {}
        self._ticked: dict[str, datetime] = {}
        self._measured = 0.0
        self._is_crowded = False
        table, schedule = context.models.job.__table__, context.models.schedule.__table__
        self._table, self._schedule = (
            f'"{table.schema}"."{table.name}"',
            f'"{schedule.schema}"."{schedule.name}"',
        )
        # Materialised: a plan that ran the inner select once per row would claim more than there is room for.
        self._claim_statement = _direct(
            f"WITH due AS MATERIALIZED (SELECT id FROM {self._table} "
            "WHERE finished_at IS NULL AND dead_at IS NULL AND run_at <= :now AND name = ANY(:names) "
            "AND (locked_until IS NULL OR locked_until < now()) ORDER BY run_at LIMIT :room FOR UPDATE SKIP LOCKED) "
            f"UPDATE {self._table} AS job SET attempts = job.attempts + 1, "
            "locked_until = now() + known.lease * interval '1 second' "
            "FROM due, unnest(CAST(:names AS text[]), CAST(:leases AS float8[])) AS known (name, lease) "
            "WHERE job.id = due.id AND known.name = job.name "
            "RETURNING job.id, job.name, job.tenant_id, job.key, job.args, job.attempts"
        )
        self._known = {
            "names": list(self._jobs),
            "leases": [job.first_hold for job in self._jobs.values()],
        }
        # One round trip that changes nothing, for the many times when there is nothing to do.
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in self._jobs)
        self._finding = [job for job in self._jobs.values() if job.finds is not None]
        looks = (
            f"EXISTS (SELECT FROM {self._table} WHERE finished_at IS NULL AND dead_at IS NULL "
            f"AND run_at <= {_NOW} AND name IN ({names}) AND (locked_until IS NULL OR locked_until < now()))",
            *(f"EXISTS ({self._found_by(job)})" for job in self._finding),
        )
        self._look_statement = _direct(f"SELECT {', '.join(looks)}")
        self._remove_statement = _direct(f"DELETE FROM {self._table} WHERE {_MINE}")
        self._finish_statement = _direct(
            f"UPDATE {self._table} SET finished_at = :now, locked_until = NULL, last_error = NULL WHERE {_MINE}"
        )
        # Who wins the tick of a job adds its run, and has claimed it already where there is room for it.
        self._tick_statement = _direct(
            "WITH due AS (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:every AS float8[]), "
            "CAST(:ids AS uuid[]), CAST(:leases AS float8[])) AS due (name, every, id, lease)), "
            f"won AS (INSERT INTO {self._schedule} AS known (name, last_tick) "
            "SELECT name, :now FROM due ORDER BY name ON CONFLICT (name) DO UPDATE "
            "SET last_tick = excluded.last_tick WHERE known.last_tick <= excluded.last_tick "
            "- (SELECT every FROM due WHERE due.name = known.name) * interval '1 second' RETURNING name), "
            f"added AS (INSERT INTO {self._table} (id, name, key, args, run_at, attempts, locked_until) "
            f"SELECT id, name, '{_TICK}', '{{}}', :now, CASE WHEN lease > 0 THEN 1 ELSE 0 END, "
            "CASE WHEN lease > 0 THEN now() + lease * interval '1 second' END "
            "FROM due JOIN won USING (name) ORDER BY name ON CONFLICT DO NOTHING RETURNING id) "
            "SELECT due.name, won.name IS NOT NULL AS is_won, added.id AS added, known.last_tick "
            f"FROM due LEFT JOIN won USING (name) LEFT JOIN added USING (id) LEFT JOIN {self._schedule} AS known "
            "ON known.name = due.name"
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until told to stop; then wait for those in hand and give back what does not end in time."""
        stopper = asyncio.create_task(self._wake_at(stop))
        wake, failures, woken = self._context.jobs_wake, 0, True
        try:
            while not stop.is_set():
                wake.clear()
                try:
                    due = self._due_ticks()
                    if not woken or any(job.finds for job in due):
                        is_any_due, found = await self._look()
                        woken = woken or is_any_due
                        due = self._worth_while(due, found)
                    for claim in await self._tick(due, self._room):
                        self._start(claim)
                    if woken and await self._start_due():
                        continue
                    await self._set_gauges()
                    failures = 0
                except Exception as error:
                    failures += 1
                    if failures == 1 or failures % 20 == 0:
                        logger.warning("jobs wait: %s", reason_of(error), extra={"service": self._service})
                    await wait_for(stop, backoff(failures))
                    woken = True
                    continue
                woken = await wait_for(wake, self._pause())
        finally:
            stopper.cancel()
            await self._wind_down()

    async def run_due(self) -> int:
        """Run everything that is due now, one after another, and return how many runs that were.

        A job that fails is not due again before its wait is over.
        """
        runs = 0
        await self._tick(self._due_ticks(), room=0)
        while claims := await self._claim(1):
            await self._perform(claims[0])
            runs += 1
        return runs

    @property
    def _room(self) -> int:
        return self._concurrency - len(self._running)

    async def _start_due(self) -> bool:
        """Start what is due, and say whether there may be more."""
        room = self._room
        if room <= 0:
            self._is_crowded = True
            return False
        claims = await self._claim(room)
        for claim in claims:
            self._start(claim)
        self._is_crowded = len(claims) == room
        return self._is_crowded and self._room > 0

    def _start(self, claim: _Claim) -> None:
        task = asyncio.create_task(self._perform(claim), name=f"job {self._service}.{claim.job.name}")
        self._running[task] = claim
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        # Otherwise all that was due was claimed, and what came after it has its own wake-up.
        if self._is_crowded:
            self._context.jobs_wake.set()

    def _found_by(self, job: Job) -> str:
        """What a job looks for, as a statement with a place for the time."""
        assert job.finds is not None
        found = job.finds(self._context, literal_column(_NOW_MARK, DateTime(timezone=True)))
        compiled = found.compile(dialect=self._context.engine.dialect, compile_kwargs={"literal_binds": True})
        # It becomes part of a text, where a colon begins a parameter and a percent sign is plain.
        return str(compiled).replace("%%", "%").replace(":", r"\:").replace(_NOW_MARK, _NOW)

    async def _look(self) -> tuple[bool, set[str]]:
        """Whether a claim would find something, and which timed jobs would; in doubt all."""
        try:
            async with self._context.unit_of_work(platform=True) as uow:
                now = self._context.clock.now()
                ((is_any_due, *found),) = await self._look_statement.all_at_once(uow, now=now)
        except SQLAlchemyError:
            return True, {job.name for job in self._finding}
        return is_any_due, {job.name for job, is_one in zip(self._finding, found, strict=True) if is_one}

    async def _claim(self, room: int) -> list[_Claim]:
        async with self._context.unit_of_work(platform=True) as uow:
            values = {**self._known, "now": self._context.clock.now(), "room": room}
            rows = await self._claim_statement.all(uow, **values)
        return [
            _Claim(job_id, self._jobs[name], tenant_id, key, args, attempts)
            for job_id, name, tenant_id, key, args, attempts in rows
        ]

    async def _perform(self, claim: _Claim) -> None:
        started = time.perf_counter()
        name = claim.job.name
        with span(f"job {self._service}.{name}", kind=SpanKind.CONSUMER, **{"pillars.job.id": str(claim.id)}):
            outcome, error = await self._attempt(claim)
        seconds = time.perf_counter() - started
        metrics.jobs_run_total.labels(self._service, name, outcome).inc()
        metrics.jobs_seconds.labels(self._service, name).observe(seconds)
        fields = {
            "service": self._service,
            "job": name,
            "job_id": str(claim.id),
            "tenant_id": str(claim.tenant_id) if claim.tenant_id else None,
            "attempts": claim.attempts,
            "outcome": outcome,
            "duration_ms": round(seconds * 1000, 2),
        }
        if error is None:
            logger.log(logging.DEBUG if claim.key == _TICK else logging.INFO, "ran", extra=fields)
        elif outcome == "dead":
            logger.error("job given up: %s", reason_of(error), extra=fields, exc_info=error)
        else:
            logger.warning("job failed: %s", reason_of(error), extra=fields, exc_info=error)

    async def _attempt(self, claim: _Claim) -> tuple[str, Exception | None]:
        try:
            if claim.attempts > claim.job.max_attempts:
                raise LeaseLost("its workers ended or overran the lease every time")
            async with asyncio.timeout(claim.job.lease), self._held(claim):
                async with self._context.unit_of_work(
                    tenant_id=claim.tenant_id, platform=claim.tenant_id is None
                ) as uow:
                    failpoint("job", self._service, claim.job.name, "claimed")
                    await claim.job.run(uow, claim.args)
                    await self._finish(uow, claim)
                    failpoint("job", self._service, claim.job.name, "finishing")
        except LeaseLost as error:
            if claim.attempts <= claim.job.max_attempts:
                return "lost", error
            return await self._settle(claim, error)
        except Exception as error:
            return await self._settle(claim, error)
        return "done", None

    @asynccontextmanager
    async def _held(self, claim: _Claim) -> AsyncIterator[None]:
        """Renew the claim as long as this lasts; most runs are over before it is due for the first time."""
        every = claim.job.first_hold / 3
        ended = asyncio.Event()

        def begin() -> None:
            task = asyncio.create_task(self._renew(claim, every, ended), name=f"claim of {claim.id}")
            self._renewing.add(task)
            task.add_done_callback(self._renewing.discard)

        timer = asyncio.get_running_loop().call_later(every, begin)
        try:
            yield
        finally:
            timer.cancel()
            ended.set()

    async def _renew(self, claim: _Claim, every: float, ended: asyncio.Event) -> None:
        renew = text(
            f"UPDATE {self._table} SET locked_until = now() + :hold * interval '1 second' WHERE {_MINE}"
        )
        values = {"id": claim.id, "attempts": claim.attempts, "hold": claim.job.first_hold}
        while not ended.is_set():
            try:
                async with self._context.unit_of_work(platform=True) as uow:
                    await uow.session.execute(renew, values)
            except Exception as error:
                # Whoever takes it over undoes nothing: a run that lost its claim cannot finish.
                logger.warning(
                    "a claim could not be renewed: %s", reason_of(error), extra={"job": claim.job.name}
                )
            await wait_for(ended, every)

    async def _finish(self, uow: UnitOfWork, claim: _Claim) -> None:
        if not uow.is_platform and uow.actor.tenant_id != claim.tenant_id:
            # The run went on to another tenant, from where its job cannot be seen.
            await uow.enter_platform()
        # The schedule tells when a timed job last ran; a row for each of its runs would tell nothing more.
        mine = {"id": claim.id, "attempts": claim.attempts}
        if claim.key == _TICK:
            ended = await self._remove_statement.run(uow, **mine)
        else:
            ended = await self._finish_statement.run(uow, **mine, now=uow.now)
        if not ended:
            raise LeaseLost("another worker has taken the job over")

    async def _settle(self, claim: _Claim, error: Exception) -> tuple[str, Exception]:
        now = self._context.clock.now()
        if is_outage(error) or isinstance(error, Interrupted):
            outcome, change = "released", "attempts = attempts - 1, run_at = :at"
            values: dict[str, Any] = {"at": now + timedelta(seconds=backoff(1, base=1))}
        elif isinstance(error, LeaseLost) and claim.key == _TICK:
            # Its workers may well have died of something else, again and again while it was in hand, and a timed job
            # that was given up would not come back by itself. One that they do die of gives them a rest.
            outcome, change = "put off", "attempts = 0, run_at = :at, last_error = :reason"
            values = {"at": now + timedelta(seconds=_REST_SECONDS)}
        elif claim.attempts >= claim.job.max_attempts:
            outcome, change, values = "dead", "dead_at = :at, last_error = :reason", {"at": now}
        else:
            limit = min(_LONGEST_RETRY_SECONDS, claim.job.every or _LONGEST_RETRY_SECONDS)
            delay = backoff(claim.attempts, base=_RETRY_SECONDS, limit=limit)
            outcome, change, values = (
                "retry",
                "run_at = :at, last_error = :reason",
                {"at": now + timedelta(seconds=delay)},
            )
        if "reason" in change:
            values["reason"] = reason_of(error)
        try:
            async with self._context.unit_of_work(platform=True) as uow:
                await uow.session.execute(
                    text(f"UPDATE {self._table} SET locked_until = NULL, {change} WHERE {_MINE}"),
                    {**values, "id": claim.id, "attempts": claim.attempts},
                )
        except Exception as second:
            # It comes back when its lease runs out.
            return "released", second
        return outcome, error

    def _due_ticks(self) -> list[Job]:
        now = self._context.clock.now()
        return [
            job
            for job in self._jobs.values()
            if job.every is not None and self._ticks.get(job.name, now) <= now
        ]

    def _worth_while(self, due: Sequence[Job], found: set[str]) -> list[Job]:
        """Those of these timed jobs that would find something; the others are put off to their next tick."""
        now = self._context.clock.now()
        worth_while = []
        for job in due:
            last = self._ticked.get(job.name)
            if (
                job.finds is None
                or job.name in found
                or last is None
                or (now - last).total_seconds() >= _UNASKED_SECONDS
            ):
                worth_while.append(job)
            else:
                self._ticks[job.name] = now + timedelta(seconds=job.every or 0)
        return worth_while

    async def _tick(self, due: Sequence[Job], room: int) -> list[_Claim]:
        """Add the runs of these timed jobs, and return those claimed, as many as there is room for.

        One statement for all of them lets one process win each.
        """
        if not due:
            return []
        now = self._context.clock.now()
        values = {
            "names": [job.name for job in due],
            "every": [float(job.every or 0) for job in due],
            "ids": [new_id() for _ in due],
            "leases": [job.first_hold if place < room else 0.0 for place, job in enumerate(due)],
            "now": now,
        }
        async with self._context.unit_of_work(platform=True) as uow:
            rows = {row[0]: row[1:] for row in await self._tick_statement.all(uow, **values)}
        claims = []
        for place, job in enumerate(due):
            is_won, added, last_tick = rows[job.name]
            self._ticked[job.name] = now
            self._ticks[job.name] = (now if is_won else last_tick or now) + timedelta(seconds=job.every or 0)
            if added is None:
                continue
            if place < room:
                claims.append(_Claim(added, job, None, _TICK, {}, 1))
            else:
                self._context.jobs_wake.set()
        return claims

    def _pause(self) -> float:
        if not self._ticks:
            return self._poll
        until = (min(self._ticks.values()) - self._context.clock.now()).total_seconds()
        return max(0.01, min(self._poll, until))

    async def _set_gauges(self) -> None:
        if time.monotonic() - self._measured < _MEASURE_SECONDS:
            return
        self._measured = time.monotonic()
        async with self._context.unit_of_work(platform=True) as uow:
            row = (
                await uow.session.execute(
                    text(
                        "SELECT count(*) FILTER (WHERE dead_at IS NULL AND run_at <= :now), "
                        "min(run_at) FILTER (WHERE dead_at IS NULL AND run_at <= :now), "
                        f"count(*) FILTER (WHERE dead_at IS NOT NULL) FROM {self._table} WHERE finished_at IS NULL"
                    ),
                    {"now": uow.now},
                )
            ).one()
            waited = (uow.now - row[1]).total_seconds() if row[1] else 0.0
        metrics.jobs_pending.labels(self._service).set(row[0])
        metrics.jobs_oldest_seconds.labels(self._service).set(waited)
        metrics.jobs_dead.labels(self._service).set(row[2])

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._context.jobs_wake.set()

    async def _wind_down(self) -> None:
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=_STOP_SECONDS)
        given_back = [self._running[task] for task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for claim in given_back:
            await self._settle(claim, Interrupted("the process is shutting down"))


_MINE = "id = :id AND attempts = :attempts AND finished_at IS NULL AND dead_at IS NULL"


def _direct(statement: str) -> Direct:
    return Direct(text(statement))
