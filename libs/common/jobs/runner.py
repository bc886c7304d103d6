"""Runs the jobs of one service: claims due ones under a lease, and finishes each in the commit of its effect."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry.trace import SpanKind

from libs.common import metrics
from libs.common.db.encrypted import encryption_jobs
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.jobs.claim import TICK, Claim, Interrupted, LeaseLost
from libs.common.jobs.job import Job
from libs.common.jobs.retention import Retention
from libs.common.jobs.sweeps import sweep_jobs
from libs.common.jobs.table import JobTable
from libs.common.jobs.timetable import Timetable
from libs.common.messaging.failures import is_outage, reason_of
from libs.common.messaging.waiting import backoff, wait_for, wind_down
from libs.common.telemetry import span

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

logger = logging.getLogger("pillars.jobs")

_STOP_SECONDS = 15.0
_MEASURE_SECONDS = 15.0
_RETRY_SECONDS = 5.0
_LONGEST_RETRY_SECONDS = 3600.0
# Of a timed job after all its attempts have ended with their workers.
_REST_SECONDS = 60.0


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
        concurrency: int = 8,
        poll: float = 1.0,
        retention: Retention | None = None,
    ) -> None:
        self._context = context
        own = context.service.jobs if jobs is None else jobs
        every = (*own, *encryption_jobs(context.service.encrypted), *sweep_jobs(retention or Retention()))
        known = {job.name: job for job in every}
        self._concurrency = concurrency
        self._bulk = max(1, concurrency // 4)
        self._poll = poll
        self._service = context.service.name
        self._jobs = known
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._reserved: dict[UUID, Claim] = {}
        self._none_reserved = asyncio.Event()
        self._none_reserved.set()
        # What runs has nothing of the request or the event that began it: neither its log fields nor its connections.
        self._surroundings = Context()
        self._renewing: set[asyncio.Task[None]] = set()
        self._measured = 0.0
        self._is_crowded = False
        self._table = JobTable(context, known)
        self._timetable = Timetable(context, known, self._table)

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until told to stop; then wait for those in hand and give back what does not end in time."""
        stopper = asyncio.create_task(self._wake_at(stop))
        wake, failures, woken = self._context.jobs_wake, 0, True
        self._surroundings, self._context.jobs = copy_context(), self
        try:
            while not stop.is_set():
                wake.clear()
                try:
                    due = self._timetable.due()
                    if not woken or any(job.finds for job in due):
                        is_any_due, found = await self._table.look()
                        woken = woken or is_any_due
                        due = self._timetable.worth_while(due, found)
                    for claim in await self._timetable.tick(due, self._room):
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
                woken = await wait_for(wake, self._timetable.pause(self._poll))
        finally:
            stopper.cancel()
            if self._context.jobs is self:
                self._context.jobs = None
            await self._wind_down()

    async def run_due(self) -> int:
        """Run everything that is due now, one after another, and return how many runs that were.

        A job that fails is not due again before its wait is over.
        """
        runs = 0
        await self._timetable.tick(self._timetable.due(), room=0)
        while claims := await self._table.claim(1, 1):
            await self._perform(claims[0])
            runs += 1
        return runs

    def reserve(self, row: Mapping[str, Any]) -> Claim | None:
        """Claim a job with the row that is to add it, where it is due and there is room; `begin` it or `give_up`."""
        job = self._jobs.get(row["name"])
        if job is None or self._is_crowded or self._room <= 0 or row["run_at"] > self._context.clock.now():
            return None
        if job.in_bulk and self._bulk_room <= 0:
            return None
        # As they come back from the row.
        args = json.loads(json.dumps(row["args"]))
        claim = self._reserved[row["id"]] = Claim(row["id"], job, row["tenant_id"], row["key"], args, 1)
        self._none_reserved.clear()
        return claim

    def begin(self, claim: Claim) -> None:
        """Run a job whose row was committed."""
        self.give_up(claim)
        self._start(claim)

    def give_up(self, claim: Claim) -> None:
        """Give its place back."""
        del self._reserved[claim.id]
        if not self._reserved:
            self._none_reserved.set()
        if self._is_crowded:
            self._context.jobs_wake.set()

    @property
    def _room(self) -> int:
        return self._concurrency - len(self._running) - len(self._reserved)

    @property
    def _bulk_room(self) -> int:
        claims = (*self._running.values(), *self._reserved.values())
        return max(0, self._bulk - sum(claim.job.in_bulk for claim in claims))

    async def _start_due(self) -> bool:
        """Start what is due, and say whether there may be more."""
        room = self._room
        if room <= 0:
            self._is_crowded = True
            return False
        claims = await self._table.claim(room, self._bulk_room)
        for claim in claims:
            self._start(claim)
        is_full = len(claims) == room
        self._is_crowded = is_full or self._bulk_room <= 0
        return is_full and self._room > 0

    def _start(self, claim: Claim) -> None:
        name = f"job {self._service}.{claim.job.name}"
        task = asyncio.create_task(self._perform(claim), name=name, context=self._surroundings.copy())
        self._running[task] = claim
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        # Otherwise all that was due was claimed, and what came after it has its own wake-up.
        if self._is_crowded:
            self._context.jobs_wake.set()

    async def _perform(self, claim: Claim) -> None:
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
            logger.log(logging.DEBUG if claim.key == TICK else logging.INFO, "ran", extra=fields)
        elif outcome == "dead":
            logger.error("job given up: %s", reason_of(error), extra=fields, exc_info=error)
        else:
            logger.warning("job failed: %s", reason_of(error), extra=fields, exc_info=error)

    async def _attempt(self, claim: Claim) -> tuple[str, Exception | None]:
        try:
            if claim.attempts > claim.job.max_attempts:
                raise LeaseLost("its workers ended or overran the lease every time")
            async with asyncio.timeout(claim.job.lease), self._held(claim):
                with self._context.background.turn():
                    await self._run(claim)
        except LeaseLost as error:
            if claim.attempts <= claim.job.max_attempts:
                return "lost", error
            return await self._settle(claim, error)
        except Exception as error:
            return await self._settle(claim, error)
        return "done", None

    async def _run(self, claim: Claim) -> None:
        async with self._context.unit_of_work(
            tenant_id=claim.tenant_id, platform=claim.tenant_id is None
        ) as uow:
            failpoint("job", self._service, claim.job.name, "claimed")
            await claim.job.run(uow, claim.args)
            await self._finish(uow, claim)
            failpoint("job", self._service, claim.job.name, "finishing")

    @asynccontextmanager
    async def _held(self, claim: Claim) -> AsyncIterator[None]:
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

    async def _renew(self, claim: Claim, every: float, ended: asyncio.Event) -> None:
        while not ended.is_set():
            try:
                await self._table.renew(claim)
            except Exception as error:
                # Whoever takes it over undoes nothing: a run that lost its claim cannot finish.
                logger.warning(
                    "a claim could not be renewed: %s", reason_of(error), extra={"job": claim.job.name}
                )
            await wait_for(ended, every)

    async def _finish(self, uow: UnitOfWork, claim: Claim) -> None:
        if not uow.is_platform and uow.actor.tenant_id != claim.tenant_id:
            # The run went on to another tenant, from where its job cannot be seen.
            await uow.enter_platform()
        if not await self._table.finish(uow, claim):
            raise LeaseLost("another worker has taken the job over")

    async def _settle(self, claim: Claim, error: Exception) -> tuple[str, Exception]:
        now = self._context.clock.now()
        if is_outage(error) or isinstance(error, Interrupted):
            outcome, change = "released", "attempts = attempts - 1, run_at = :at"
            values: dict[str, Any] = {"at": now + timedelta(seconds=backoff(1, base=1))}
        elif isinstance(error, LeaseLost) and claim.key == TICK:
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
            await self._table.give_back(claim, change, values)
        except Exception as second:
            # It comes back when its lease runs out.
            return "released", second
        return outcome, error

    async def _set_gauges(self) -> None:
        if time.monotonic() - self._measured < _MEASURE_SECONDS:
            return
        self._measured = time.monotonic()
        due, waited, dead = await self._table.waiting()
        metrics.jobs_pending.labels(self._service).set(due)
        metrics.jobs_oldest_seconds.labels(self._service).set(waited)
        metrics.jobs_dead.labels(self._service).set(dead)
        if self._context.service.measures:
            async with self._context.unit_of_work(platform=True) as uow:
                for measure in self._context.service.measures:
                    await measure(uow)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._context.jobs_wake.set()

    async def _wind_down(self) -> None:
        # What is being committed with a claim begins here, and is ended or given back with the others.
        await wait_for(self._none_reserved, _STOP_SECONDS)
        running = dict(self._running)
        for task in await wind_down(running, _STOP_SECONDS):
            await self._settle(running[task], Interrupted("the process is shutting down"))
