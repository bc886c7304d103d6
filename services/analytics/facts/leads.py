"""Facts of leads: where they came from, what became of them, and whether they are still there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from libs.contracts import crm
from services.analytics.facts.models import LeadFact
from services.analytics.facts.writing import Facts, Projections, Shape

# Its birthday is set even when a later event came first; its source is that of the latest event.
LEAD_CREATED = Shape(LeadFact, ("source", "created_at", "seen_at"), sets=("created_at",))
LEAD_CONVERTED = Shape(
    LeadFact, ("source", "converted_at", "deal_id", "seen_at"), sets=("converted_at", "deal_id")
)
LEAD_CHANGED = Shape(LeadFact, ("source", "status", "seen_at"), since="seen_at")

SHAPES = (LEAD_CREATED, LEAD_CONVERTED, LEAD_CHANGED)


def _write(facts: Facts, shape: Shape, tenant_id: UUID, time: datetime, event: Any, **values: Any) -> None:
    row = {
        "tenant_id": tenant_id,
        "lead_id": event.lead_id,
        "source": event.source,
        "seen_at": time,
        **values,
    }
    facts.write(shape, row, turn=facts.next_turn(tenant_id, event.lead_id))


def lead_created(facts: Facts, tenant_id: UUID, time: datetime, event: crm.LeadCreated) -> None:
    """A lead came in."""
    _write(facts, LEAD_CREATED, tenant_id, time, event, created_at=time)


def lead_converted(facts: Facts, tenant_id: UUID, time: datetime, event: crm.LeadConverted) -> None:
    """A lead became a deal."""
    _write(facts, LEAD_CONVERTED, tenant_id, time, event, converted_at=time, deal_id=event.deal_id)


def lead_changed(facts: Facts, tenant_id: UUID, time: datetime, event: crm.LeadChanged) -> None:
    """A lead is so now, or is gone."""
    status = "deleted" if event.deleted else event.status
    _write(facts, LEAD_CHANGED, tenant_id, time, event, status=status)


PROJECTIONS: Projections = {
    crm.LeadCreated: lead_created,
    crm.LeadConverted: lead_converted,
    crm.LeadChanged: lead_changed,
}
