"""The background work of anomalies."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.analytics.insights.anomalies.finder import AnomalyFinder
from services.analytics.insights.runs.service import ANOMALIES
from services.analytics.insights.runs.service import JOBS as KINDS


async def find_anomalies(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Judge the last days of a business."""
    await AnomalyFinder(uow).run()


JOBS = (Job(KINDS[ANOMALIES], find_anomalies, lease=300),)
