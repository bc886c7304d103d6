"""Events in tests: what was emitted, and handing a service one to handle."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext


async def emitted(
    context: ServiceContext, tenant_id: UUID, kind: type[Event] | None = None
) -> list[Envelope]:
    """The events of a tenant that the service has committed, oldest first, without audit records unless asked."""
    outbox: Any = context.models.outbox
    async with context.unit_of_work(platform=True) as uow:
        statement = select(outbox).where(outbox.tenant_id == tenant_id).order_by(outbox.id)
        rows = (await uow.session.execute(statement)).scalars().all()
    found = [_envelope_of(row) for row in rows]
    if kind is None:
        return [e for e in found if ".change_recorded." not in e.type]
    return [e for e in found if e.type == kind.wire_name]


def envelope(event: Event, tenant_id: UUID, *, source: str = "test", **changes: Any) -> Envelope:
    """An event as it would come off the bus."""
    from datetime import UTC, datetime

    fields: dict[str, Any] = {
        "id": new_id(),
        "type": event.wire_name,
        "source": source,
        "subject": event.subject,
        "time": datetime.now(UTC),
        "tenant_id": tenant_id,
        "data": event.model_dump(mode="json"),
    }
    return Envelope(**{**fields, **changes})


async def deliver(
    context: ServiceContext,
    event: Event | Envelope,
    tenant_id: UUID | None = None,
    *,
    handler: str | None = None,
) -> list[Verdict]:
    """Hand an event to every subscription of the service that takes it (or to the one named, retired or not)."""
    sent = event if isinstance(event, Envelope) else envelope(event, tenant_id or new_id())
    consumer = Consumer(context)
    return [
        await consumer.deliver(subscription, sent)
        for subscription in context.service.subscriptions
        if (subscription.name == handler if handler else not subscription.is_retired)
        and (not subscription.events or any(e.wire_name == sent.type for e in subscription.events))
    ]


def _envelope_of(row: Any) -> Envelope:
    return Envelope(
        id=row.event_id,
        type=row.type,
        source=row.source,
        subject=row.subject,
        time=row.time,
        tenant_id=row.tenant_id,
        data=row.data,
        actor=row.actor,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        traceparent=row.traceparent,
        origin=row.origin,
    )
