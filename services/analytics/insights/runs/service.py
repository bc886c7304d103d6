"""The rules of runs: each night by the clock of the business, and when asked for."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.insights.evidence import NOT_COMPUTED, Refusal
from services.analytics.insights.runs.models import InsightRun
from services.analytics.insights.runs.repository import RunRepository

ANOMALIES, PRICES = "anomalies", "price_recommendations"
# The job that each kind of run is.
JOBS = {ANOMALIES: "find_anomalies", PRICES: "recommend_prices"}
# Not all at midnight: what is late of the day before has come by then, and businesses do not come at once.
_SETTLING, _SPREAD = timedelta(minutes=15), 3600


class RunService:
    """When insights are worked out."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = RunRepository(uow)

    async def start_due(self, limit: int) -> int:
        """Defer the runs that are due, in the platform scope, and return how many there were."""
        runs = await self.rows.take_due(limit)
        for run in runs:
            run.due_at = next_due(run, self.uow.now)
        started = [(run.tenant_id, run.kind) for run in runs]
        await self.uow.flush()
        for tenant_id, kind in started:
            await self.uow.enter_tenant(tenant_id)
            self.uow.defer(JOBS[kind], key=str(tenant_id))
        await self.uow.enter_platform()
        return len(started)

    async def request(self, kind: str, tz: str | None) -> None:
        """Have a kind of insight worked out now, by the days of a time zone where one is named."""
        now = self.uow.now
        await self.rows.set(kind, due_at=now + timedelta(days=1), **({"tz": tz} if tz else {}))
        self.uow.audit("refreshed", kind, self.uow.tenant_id, after={"tz": tz} if tz else None)
        self.uow.defer(JOBS[kind], key=str(self.uow.tenant_id))

    async def finish(self, kind: str, refused: Refusal | None, evidence: dict[str, Any] | None) -> None:
        """Keep what a run came to."""
        now = self.uow.now
        await self.rows.set(
            kind,
            due_at=now + timedelta(days=1),
            computed_at=now,
            refused=refused.model_dump() if refused else None,
            evidence=evidence,
        )

    async def state(self, kind: str) -> tuple[datetime | None, Refusal | None, dict[str, Any] | None]:
        """When it was last worked out, why nothing was said, and what holds for all that was."""
        run = await self.rows.get(kind)
        if run is None or run.computed_at is None:
            needs = "a run: one comes each night, and POST …/refresh asks for one"
            return None, Refusal(reason=NOT_COMPUTED, detail="No run has ended yet.", needs=needs), None
        refused = Refusal(**run.refused) if run.refused else None
        return run.computed_at, refused, run.evidence


def next_due(run: InsightRun, now: datetime) -> datetime:
    """The next night of the business, at a minute that is its own."""
    zone = ZoneInfo(run.tz)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    own = timedelta(seconds=run.tenant_id.int % _SPREAD)
    return datetime.combine(tomorrow, time(), zone) + _SETTLING + own
