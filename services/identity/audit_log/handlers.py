"""Writes the audit log: one row for every event of the platform."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Taken
from libs.common.origin import read_origin
from services.identity.audit_log.chain import append


async def record_audit(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Write down what events say, each in the log of its tenant."""
    await append(uow, (_entry(data, envelope) for data, envelope in taken))


def _entry(data: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """The entry of an event; a change record says it in full, other facts by their name."""
    kind, _, ident = envelope.subject.partition("/")
    actor_id, acted_as_id = _people(envelope.actor)
    origin = read_origin(envelope.origin)
    entry: dict[str, Any] = {
        "tenant_id": envelope.tenant_id,
        "id": new_id(),
        "time": envelope.time,
        "event_id": envelope.id,
        "actor": envelope.actor,
        "actor_id": actor_id,
        "acted_as_id": acted_as_id,
        "address": origin.address,
        "user_agent": origin.user_agent,
        "tenant_via": origin.tenant_via,
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


def _people(actor: str | None) -> tuple[UUID | None, UUID | None]:
    """The user or API key that acted, and whom as, where it was as another."""
    who, _, whom = (actor or "").partition("/as:")
    kind, _, ident = who.partition(":")
    return (_id(ident) if kind in ("user", "api_key") else None), _id(whom)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
