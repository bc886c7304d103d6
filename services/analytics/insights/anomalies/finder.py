"""Judges the last complete days of a business, and keeps what was far from likely, once."""

import asyncio
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.contracts.analytics import AnomalyDetected
from services.analytics.insights.anomalies.backtest import backtest
from services.analytics.insights.anomalies.detection import LEAST_DAYS, Judgement, judge
from services.analytics.insights.anomalies.figures import FigureRepository, Figures, Metric
from services.analytics.insights.anomalies.models import Anomaly
from services.analytics.insights.evidence import too_little
from services.analytics.insights.intervals import false_discoveries
from services.analytics.insights.runs.repository import RunRepository
from services.analytics.insights.runs.service import ANOMALIES, RunService

# What comes late (a refund, an event that was retried) is still seen.
JUDGED_DAYS = 14
# Of what is told of one day, at most this share may be chance, and so many it may be at most.
_FALSE_RATE, _MOST_A_DAY = 0.05, 5
# What moves less than a tenth of a usual day's revenue troubles nobody.
_LEAST_IMPACT = 0.1
_SEVERITIES = ((8.0, "critical"), (6.0, "high"))


class AnomalyFinder:
    """Finds the anomalies of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.runs = RunService(uow)

    async def run(self) -> None:
        """Judge the last days, keep what is new of it, and tell of each once."""
        tz = await RunRepository(self.uow).tz(ANOMALIES)
        figures = await FigureRepository(self.uow, tz).read()
        if len(figures.days) <= LEAST_DAYS:
            refused = too_little(
                f"There are {len(figures.days)} complete days since the first sale.",
                f"more than {LEAST_DAYS} complete days",
            )
            await self.runs.finish(ANOMALIES, refused, None)
            return
        for at in range(max(LEAST_DAYS, len(figures.days) - JUDGED_DAYS), len(figures.days)):
            for metric, seen, impact in _far(figures, at):
                await self._keep(figures, metric, at, seen, impact, tz)
            # Others have their turn between two days.
            await asyncio.sleep(0)
        await self.runs.finish(ANOMALIES, None, backtest(figures.metrics[0].series))

    async def _keep(
        self, figures: Figures, metric: Metric, at: int, seen: Judgement, impact: int, tz: str
    ) -> None:
        now = self.uow.now
        row: dict[str, Any] = {
            "tenant_id": self.uow.tenant_id,
            "id": new_id(),
            "metric": metric.name,
            "subject": str(metric.product_id or ""),
            "product_id": metric.product_id,
            "product_name": metric.product_name,
            "day": figures.days[at],
            "tz": tz,
            "currency": figures.currency,
            "direction": "high" if seen.score > 0 else "low",
            "severity": next((name for score, name in _SEVERITIES if abs(seen.score) >= score), "medium"),
            "observed": round(seen.observed, 4),
            "expected": round(seen.expected, 4),
            "low": round(seen.low, 4),
            "high": round(seen.high, 4),
            "score": round(seen.score, 2),
            "p_value": seen.p_value,
            "impact": impact,
            "history_days": seen.history,
            "status": "open",
            "created_at": now,
            "updated_at": now,
        }
        made = insert(Anomaly).values(row).on_conflict_do_nothing().returning(Anomaly.id)
        if (await self.uow.session.execute(made)).scalar() is None:
            return
        told = {name: row[name] for name in AnomalyDetected.model_fields if name in row}
        self.uow.emit(AnomalyDetected(anomaly_id=row["id"], detected_at=now, **told))


def _far(figures: Figures, at: int) -> list[tuple[Metric, Judgement, int]]:
    """What is told of a day: far, of some weight, and not to be put down to looking at many figures."""
    judged = [(metric, seen) for metric in figures.metrics if (seen := judge(metric.series, at))]
    stands = false_discoveries([seen.p_value for _, seen in judged], _FALSE_RATE)
    found = []
    for (metric, seen), is_kept in zip(judged, stands, strict=True):
        impact = round(abs(seen.observed - seen.expected) * metric.worth[at])
        if is_kept and seen.is_far and impact >= _LEAST_IMPACT * figures.usual_revenue:
            found.append((metric, seen, impact))
    found.sort(key=lambda one: one[2], reverse=True)
    return found[:_MOST_A_DAY]
