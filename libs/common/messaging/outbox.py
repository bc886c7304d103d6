"""The outbox row: an event written in the transaction of the change it tells of."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, insert
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.actor import Actor, ActorKind
from libs.common.db.direct import Direct
from libs.common.ids import new_id
from libs.common.messaging.event import Event
from libs.common.telemetry import current_traceparent


def actor_label(actor: Actor) -> str:
    """Who acted, as an envelope carries it: `user:<id>`, `api_key:<id>`, `guest` or `system:<service>`.

    Where somebody acts as another: `user:<who really acts>/as:<whom as>`.
    """
    if actor.acting_user_id is not None:
        return f"user:{actor.acting_user_id}/as:{actor.user_id}"
    if actor.kind in (ActorKind.USER, ActorKind.API_KEY):
        return f"{actor.kind.value}:{actor.user_id or actor.key_id}"
    return f"system:{actor.name}" if actor.kind is ActorKind.SYSTEM else "guest"


def outbox_row(
    event: Event,
    *,
    source: str,
    tenant_id: UUID,
    actor: Actor,
    time: datetime,
    correlation_id: str | None,
    causation_id: str | None,
    origin: str | None = None,
) -> dict[str, Any]:
    """The columns of an event, its data as JSON text."""
    return {
        "event_id": new_id(),
        "tenant_id": tenant_id,
        "type": event.wire_name,
        "source": source,
        "subject": event.subject,
        "time": time,
        "actor": actor_label(actor),
        "correlation_id": correlation_id,
        "causation_id": causation_id,
        "traceparent": current_traceparent(),
        "origin": origin,
        "data": event.model_dump_json(),
    }


@cache
def outbox_insert(table: Any) -> Direct:
    """The INSERT of such a row into the outbox of a service. The order of its rows is that of their publication."""
    given = {
        column.name: bindparam(column.name, type_=column.type)
        for column in table.columns
        if column.name not in ("id", "published_at", "data")
    }
    # Nobody asks what place it was given.
    return Direct(insert(table).inline().values(**given, data=cast(bindparam("data", type_=Text()), JSONB)))
