"""The rules of anomalies: they are found by themselves, and people see to them."""

from typing import Any
from uuid import UUID

from libs.common.filters import ListQuery
from libs.common.money import Money
from libs.common.resource import ResourceService
from services.analytics.insights.anomalies.models import Anomaly
from services.analytics.insights.anomalies.repository import AnomalyRepository
from services.analytics.insights.anomalies.schemas import (
    UNITS,
    AnomalyEvidence,
    AnomalyOut,
    DetectionEvidence,
    MetricName,
)
from services.analytics.insights.evidence import Interval
from services.analytics.insights.runs.service import ANOMALIES, RunService


class AnomalyService(ResourceService[Anomaly]):
    """The anomalies of one business."""

    repository = AnomalyRepository
    noun = "anomaly"

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page, with what the last run came to."""
        rows, cursor = await self.rows.page(query)
        as_of, refused, evidence = await RunService(self.uow).state(ANOMALIES)
        return {
            "items": [shown(row) for row in rows],
            "next_cursor": cursor,
            "as_of": as_of,
            "refused": refused,
            "evidence": DetectionEvidence(**evidence) if evidence else None,
        }

    async def acknowledge(self, anomaly_id: UUID, note: str | None) -> Anomaly:
        """Note that somebody has seen to it; who was first stays named, and a later note replaces the one before."""
        row = await self.get(anomaly_id, lock=True)
        before = {"status": row.status, "note": row.note}
        if row.status != "acknowledged":
            row.status = "acknowledged"
            row.acknowledged_at, row.acknowledged_by_id = self.uow.now, self.uow.actor.user_id
        if note is not None:
            row.note = note
        after = {"status": row.status, "note": row.note}
        if after != before:
            await self.rows.save(row)
            self.uow.audit("acknowledged", self.noun, row.id, before=before, after=after)
        self.uow.tag(row.version)
        return row


def shown(row: Anomaly) -> AnomalyOut:
    """An anomaly as the API shows it."""
    metric = MetricName(row.metric)
    return AnomalyOut(
        id=row.id,
        metric=metric,
        day=row.day,
        tz=row.tz,
        direction=row.direction,
        severity=row.severity,
        status=row.status,
        unit=UNITS[metric],
        currency=row.currency,
        observed=row.observed,
        expected=row.expected,
        impact=Money(amount=row.impact, currency=row.currency),
        product_id=row.product_id,
        product_name=row.product_name,
        explanation=_explanation(row),
        evidence=AnomalyEvidence(
            observed=row.observed,
            expected=row.expected,
            interval=Interval(low=row.low, high=row.high),
            score=row.score,
            p_value=row.p_value,
            history_days=row.history_days,
        ),
        note=row.note,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by_id=row.acknowledged_by_id,
        detected_at=row.created_at,
    )


def _explanation(row: Anomaly) -> str:
    name = row.metric.replace("_", " ").capitalize() + (f" of {row.product_name}" if row.product_name else "")
    than = "above" if row.direction == "high" else "below"
    return (
        f"{name} on {row.day} was {row.observed:,.10g}, {than} the {row.low:,.10g} to {row.high:,.10g}"
        f" that {row.history_days} days before it made likely."
    )
