"""Writes the audit log: one row for every event of the platform."""

from collections.abc import Sequence
from typing import Any

from libs.common.db.bulk import bulk_insert, execute_bulk
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Taken
from services.identity.audit_log.models import AuditEntry

_COLUMNS = (
    "tenant_id",
    "id",
    "time",
    "event_id",
    "actor",
    "actor_id",
    "service",
    "action",
    "resource",
    "resource_id",
    "before",
    "after",
    "request_id",
)
_WRITE = Direct(bulk_insert(AuditEntry, _COLUMNS).on_conflict_do_nothing())


async def record_audit(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Write down what events say, each in the log of its tenant."""
    await execute_bulk(uow, _WRITE, (_entry(data, envelope) for data, envelope in taken))


def _entry(data: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """The entry of an event; a change record says it in full, other facts by their name."""
    kind, _, ident = envelope.subject.partition("/")
    entry: dict[str, Any] = {
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
        entry |= {
            "action": str(data.get("action", "changed")),
            "resource": str(data.get("resource", kind)),
            "resource_id": str(data.get("resource_id", ident)),
            "before": data.get("before"),
            "after": data.get("after"),
        }
    return entry
