"""Builds the facts of one business anew from the archive, in one transaction."""

from typing import Any

from sqlalchemy import delete, select, text, tuple_

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.events.models import ArchivedEvent
from services.analytics.facts.models import FACTS
from services.analytics.facts.projector import BY_NAME, project

BATCH = 500
ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('analytics ' || :tenant, 0))")


async def rebuild(uow: UnitOfWork, _: dict[str, Any]) -> None:
    """Empty the facts of the tenant and replay its events, oldest first; readers see the old facts until the commit."""
    tenant_id = uow.tenant_id
    await uow.session.execute(ALONE, {"tenant": str(tenant_id)})
    for fact in FACTS:
        await uow.session.execute(delete(fact).where(fact.tenant_id == tenant_id))
    last: tuple[Any, Any] | None = None
    while True:
        statement = (
            select(ArchivedEvent.id, ArchivedEvent.type, ArchivedEvent.time, ArchivedEvent.data)
            .where(ArchivedEvent.tenant_id == tenant_id)
            .order_by(ArchivedEvent.time, ArchivedEvent.id)
            .limit(BATCH)
        )
        if last is not None:
            statement = statement.where(tuple_(ArchivedEvent.time, ArchivedEvent.id) > last)
        rows = (await uow.session.execute(statement)).all()
        events = (
            (tenant_id, row.time, BY_NAME[row.type].model_validate(row.data))
            for row in rows
            if row.type in BY_NAME
        )
        await project(uow, events)
        await uow.flush()
        if len(rows) < BATCH:
            return
        last = (rows[-1].time, rows[-1].id)
