"""The HTTP side of anomalies."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.contracts.features import INSIGHTS
from services.analytics.deps import Anomalies, Runs
from services.analytics.insights.anomalies.schemas import (
    AnomalyAcknowledge,
    AnomalyOut,
    AnomalyPage,
    AnomalyQuery,
)
from services.analytics.insights.anomalies.service import shown
from services.analytics.insights.runs.schemas import RefreshIn, RefreshOut
from services.analytics.insights.runs.service import ANOMALIES

router = APIRouter(prefix="/insight-analytics", tags=["insights"])
READ = allow("analytics.anomalies.read", feature=INSIGHTS)
WRITE = allow("analytics.anomalies.write", feature=INSIGHTS)


@router.get("/anomalies", response_model=AnomalyPage, dependencies=[READ])
async def list_anomalies(query: Annotated[AnomalyQuery, Query()], anomalies: Anomalies) -> Any:
    """List days whose revenue, orders, average order, refund rate or best products' units were far from likely.

    They are found each night, and told once as `analytics.anomaly_detected.v1`. A day that is not over is not judged.
    With 28 complete days or fewer, `refused` says what is missing. `evidence` says how well the detection does on the
    business's own history.
    """
    return await anomalies.list(query)


@router.post("/anomalies/refresh", response_model=RefreshOut, status_code=202, dependencies=[WRITE])
async def refresh_anomalies(runs: Runs, body: RefreshIn | None = None) -> Any:
    """Have the last two weeks judged now, and by the days of `tz` from now on where it is given."""
    await runs.request(ANOMALIES, body.tz if body else None)
    return {"status": "queued"}


@router.get(
    "/anomalies/{anomaly_id}", response_model=AnomalyOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_anomaly(anomaly_id: UUID, anomalies: Anomalies) -> Any:
    """Read an anomaly."""
    return shown(await anomalies.get(anomaly_id))


@router.post(
    "/anomalies/{anomaly_id}/acknowledge",
    response_model=AnomalyOut,
    dependencies=[WRITE],
    responses=problems(NotFound),
)
async def acknowledge_anomaly(
    anomaly_id: UUID, anomalies: Anomalies, body: AnomalyAcknowledge | None = None
) -> Any:
    """Note that somebody has seen to it. Once it is, only the note can be replaced."""
    return shown(await anomalies.acknowledge(anomaly_id, body.note if body else None))
