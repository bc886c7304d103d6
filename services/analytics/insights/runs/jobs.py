"""The timed work of insights."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.analytics.insights.runs.repository import RunRepository, due
from services.analytics.insights.runs.service import JOBS as KINDS
from services.analytics.insights.runs.service import RunService

_BATCH = 20


async def plan_insights(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Make insights due for businesses that began to sell."""
    await RunRepository(uow).plan(tuple(KINDS))


async def start_insights(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Start the runs that are due."""
    await RunService(uow).start_due(_BATCH)


JOBS = (
    Job("plan_insights", plan_insights, every=900),
    Job("start_insights", start_insights, every=10, finds=due),
)
