"""Writes the audit log: one row for every event of the platform."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.envelope import Envelope
from services.identity.audit_log.models import AuditEntry


async def record_audit(data: dict[str, Any], uow: UnitOfWork, envelope: Envelope) -> None:
    """Write down what an event says; a change record says it in full, other facts by their name."""
    kind, _, ident = envelope.subject.partition("/")
    row: dict[str, Any] = {
        "tenant_id": envelope.tenant_id,
        "id": new_id(),
        "time": envelope.time,
        "event_id": envelope.id,
        "actor": envelope.actor,
        "actor_id": envelope.actor_id,
        "service": envelope.source,
        "action": envelope.type,
        "resource": kind,
        "resource_id": ident,
        "before": None,
        "after": None,
        "request_id": envelope.correlation_id,
    }
    if ".change_recorded." in envelope.type:
        row |= {
            "action": str(data.get("action", "changed")),
            "resource": str(data.get("resource", kind)),
            "resource_id": str(data.get("resource_id", ident)),
            "before": data.get("before"),
            "after": data.get("after"),
        }
    await uow.session.execute(insert(AuditEntry).values(row).on_conflict_do_nothing())
