"""When the timed jobs of a service are due next, as far as this process knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from libs.common.jobs.claim import TICK, Claim
from libs.common.jobs.job import Job
from libs.common.jobs.table import SKEW_SECONDS, JobTable

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

# A timed job runs so often even if it says that it would find nothing.
_UNASKED_SECONDS = 60.0


class Timetable:
    """The next tick of each timed job, and the last one that any process won."""

    def __init__(self, context: "ServiceContext", jobs: Mapping[str, Job], table: JobTable) -> None:
        self._context = context
        self._timed = [job for job in jobs.values() if job.every is not None]
        self._table = table
        self._next: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}

    def due(self) -> list[Job]:
        """The timed jobs whose tick has come, or is farther away than one of theirs can be: the clock was set back."""
        now = self._context.clock.now()
        return [job for job in self._timed if not self._is_ahead(job, now)]

    def _is_ahead(self, job: Job, now: datetime) -> bool:
        away = (self._next.get(job.name, now) - now).total_seconds()
        return 0 < away <= (job.every or 0) + SKEW_SECONDS

    def worth_while(self, due: Sequence[Job], found: set[str]) -> list[Job]:
        """Those of these timed jobs that would find something; the others are put off to their next tick."""
        now = self._context.clock.now()
        worth_while = []
        for job in due:
            last = self._last.get(job.name)
            if (
                job.finds is None
                or job.name in found
                or last is None
                or abs((now - last).total_seconds()) >= _UNASKED_SECONDS
            ):
                worth_while.append(job)
            else:
                self._next[job.name] = now + timedelta(seconds=job.every or 0)
        return worth_while

    async def tick(self, due: Sequence[Job], room: int) -> list[Claim]:
        """Add the runs of these timed jobs, and return those claimed, as many as there is room for."""
        if not due:
            return []
        now = self._context.clock.now()
        rows = await self._table.tick(due, room, now)
        claims = []
        for place, job in enumerate(due):
            is_won, added, last_tick = rows[job.name]
            self._last[job.name] = now
            self._next[job.name] = (now if is_won else last_tick or now) + timedelta(seconds=job.every or 0)
            if added is None:
                continue
            if place < room:
                claims.append(Claim(added, job, None, TICK, {}, 1))
            else:
                self._context.jobs_wake.set()
        return claims

    def pause(self, longest: float) -> float:
        """Seconds until the next tick, at most so many."""
        if not self._next:
            return longest
        until = (min(self._next.values()) - self._context.clock.now()).total_seconds()
        return max(0.01, min(longest, until))
