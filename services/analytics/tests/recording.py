"""Hands many events to analytics at once, each with its time."""

from datetime import UTC, datetime
from uuid import UUID

from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import envelope
from services.analytics.manifest import SERVICE
from services.analytics.tests.factories import paid, payment, placed

RECORD, RECORD_MORE = SERVICE.subscriptions
_BATCH = 200


async def record(
    context: ServiceContext, tenant_id: UUID, *events: Event, at: datetime | None = None
) -> None:
    """Have events counted, as of now or of one time."""
    time = at or datetime.now(UTC)
    for subscription in (RECORD, RECORD_MORE):
        taken = [event for event in events if type(event) in subscription.events]
        sent = [envelope(event, tenant_id, time=time) for event in taken]
        for start in range(0, len(sent), _BATCH):
            verdicts = await Consumer(context).deliver_batch(subscription, sent[start : start + _BATCH])
            assert set(verdicts) == {Verdict.DONE}


def sale(total: int, at: datetime, **fields: object) -> list[Event]:
    """An order that was placed, paid and counted at one moment."""
    order = placed(total, at=at, **fields)  # type: ignore[arg-type]
    return [order, payment(order), paid(order)]
