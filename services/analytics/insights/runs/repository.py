"""All SQL of runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.analytics.insights.runs.models import InsightRun

# One look into an index per business that has orders, however many orders they have.
_PLAN = text(
    """
    WITH RECURSIVE found AS (
        (SELECT tenant_id FROM analytics.order_facts ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT o.tenant_id FROM analytics.order_facts o WHERE o.tenant_id > found.tenant_id
                ORDER BY o.tenant_id LIMIT 1)
        FROM found WHERE found.tenant_id IS NOT NULL
    )
    INSERT INTO analytics.insight_runs (tenant_id, kind, due_at)
    SELECT found.tenant_id, kind, :now FROM found, unnest(CAST(:kinds AS text[])) AS kind
    WHERE found.tenant_id IS NOT NULL
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("now"), bindparam("kinds"))


def due(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """Runs that are due."""
    return select(InsightRun.tenant_id).where(InsightRun.due_at <= now)


class RunRepository:
    """Runs of a business, or of all in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def plan(self, kinds: Sequence[str]) -> None:
        """Make runs of these kinds due for businesses with orders that have none yet."""
        await self.uow.session.execute(_PLAN, {"now": self.uow.now, "kinds": list(kinds)})

    async def take_due(self, limit: int) -> list[InsightRun]:
        """Runs that are due, locked; those that another one has taken are passed over."""
        statement = (
            select(InsightRun)
            .where(InsightRun.due_at <= self.uow.now)
            .order_by(InsightRun.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self.uow.session.execute(statement)).scalars())

    async def get(self, kind: str) -> InsightRun | None:
        """The run of a kind of the business."""
        return await self.uow.session.get(InsightRun, (self.uow.tenant_id, kind))

    async def set(self, kind: str, **values: Any) -> None:
        """Write what is known of the run of a kind."""
        row = {"tenant_id": self.uow.tenant_id, "kind": kind, **values}
        made = insert(InsightRun).values(row)
        changed = {name: made.excluded[name] for name in values if name != "due_at"}
        if changed:
            made = made.on_conflict_do_update(index_elements=["tenant_id", "kind"], set_=changed)
        else:
            made = made.on_conflict_do_nothing()
        await self.uow.session.execute(made)

    async def tz(self, kind: str) -> str:
        """Whose days a run counts by."""
        tenant_id: UUID = self.uow.tenant_id
        statement = select(InsightRun.tz).where(InsightRun.tenant_id == tenant_id, InsightRun.kind == kind)
        return (await self.uow.session.execute(statement)).scalar() or "UTC"
