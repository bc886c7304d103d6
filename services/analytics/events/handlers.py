"""Takes every event that is counted: archives it and builds facts from it, in one commit."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, bindparam, text

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.subscription import Taken
from services.analytics.events.models import ArchivedEvent
from services.analytics.facts.projector import project

# Handlers share this lock per tenant; a rebuild takes it alone, so that no event slips between its reads.
SHARED = Direct(
    text(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('analytics ' || tenant, 0)) "
        "FROM unnest(:tenants) AS tenant"
    ).bindparams(bindparam("tenants", type_=ARRAY(Text)))
)

_COLUMNS = ("tenant_id", "id", "type", "source", "subject", "time", "actor", "data")
_ARCHIVE = Direct(bulk_insert(ArchivedEvent, _COLUMNS).on_conflict_do_nothing())


async def on_countable_events(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Keep the events and count them, each for the tenant of its envelope."""
    uow.write(SHARED, {"tenants": sorted({str(envelope.tenant_id) for _, envelope in taken})})
    rows = (
        {
            "tenant_id": envelope.tenant_id,
            "id": envelope.id,
            "type": envelope.type,
            "source": envelope.source,
            "subject": envelope.subject,
            "time": envelope.time,
            "actor": envelope.actor,
            "data": envelope.data,
        }
        for _, envelope in taken
    )
    uow.write(_ARCHIVE, bulk_values(rows))
    await project(uow, [(envelope.tenant_id, envelope.time, event) for event, envelope in taken])
