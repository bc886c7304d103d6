"""How rules do, for `/metrics`."""

from datetime import timedelta

from prometheus_client import Counter, Gauge
from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.crm.automation.models import OPEN, Run

# Below the time after which such runs are begun again, or none would ever be this late.
LATE = timedelta(minutes=3)

runs_late = Gauge("pillars_automation_runs_late", "Runs of rules whose next action is overdue by minutes")
loops_stopped = Counter(
    "pillars_automation_loops_stopped_total", "Runs of rules that the loop guard has stopped"
)


async def measure_runs(uow: UnitOfWork) -> None:
    """Count the runs that nobody goes on with; in the platform scope."""
    late = select(func.count(Run.id)).where(Run.status.in_(OPEN), Run.due_at <= uow.now - LATE)
    runs_late.set(await uow.session.scalar(late) or 0)


async def count_loop() -> None:
    """One more run was stopped."""
    loops_stopped.inc()
