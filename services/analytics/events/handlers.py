"""Takes every event that is counted: archives it and builds facts from it, in one commit."""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from services.analytics.events.models import ArchivedEvent
from services.analytics.facts.projector import project

# Handlers share this lock per tenant; a rebuild takes it alone, so that no event slips between its reads.
SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('analytics ' || :tenant, 0))")


async def on_countable_event(_: Event, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep the event and count it."""
    await uow.session.execute(SHARED, {"tenant": str(envelope.tenant_id)})
    row = insert(ArchivedEvent).values(
        tenant_id=envelope.tenant_id,
        id=envelope.id,
        type=envelope.type,
        source=envelope.source,
        subject=envelope.subject,
        time=envelope.time,
        actor=envelope.actor,
        data=envelope.data,
    )
    await uow.session.execute(row.on_conflict_do_nothing())
    await project(uow.session, envelope.tenant_id, envelope.type, envelope.time, envelope.data)
