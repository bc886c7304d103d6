"""The SQL of rules about deals and tasks."""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select, union_all

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.facts.models import DealFact, DealStageFact, TaskFact
from services.analytics.insights.next_best_actions.candidate import Asked

MOST = 500
_HISTORY = timedelta(days=730)
_MOST_CLOSED = 1000
_YEAR = timedelta(days=365)
# A task of an event of the release before says no status; it is open until it is completed.
_IS_OPEN = and_(
    TaskFact.completed_at.is_(None),
    or_(TaskFact.status.is_(None), TaskFact.status.in_(["todo", "in_progress"])),
)


class DealRows:
    """Reads deals and tasks of one tenant, a bounded number of each."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.session = uow.session
        self.tenant_id = uow.tenant_id

    async def open(self, asked: Asked) -> list[Any]:
        """Open deals in the currency, the greatest first: since when they are in their stage, and whether they have a task."""
        has_task = (
            select(TaskFact.task_id)
            .where(TaskFact.tenant_id == DealFact.tenant_id, TaskFact.deal_id == DealFact.deal_id, _IS_OPEN)
            .exists()
        )
        since = func.coalesce(
            func.greatest(DealFact.stage_entered_at, DealStageFact.entered_at),
            DealFact.created_at,
            DealFact.seen_at,
        )
        statement = (
            select(
                DealFact.deal_id,
                DealFact.name,
                DealFact.pipeline,
                DealFact.stage,
                DealFact.amount,
                DealFact.owner_id,
                DealFact.expected_close_on,
                since.label("since"),
                has_task.label("has_task"),
            )
            .outerjoin(
                DealStageFact,
                and_(
                    DealStageFact.tenant_id == DealFact.tenant_id,
                    DealStageFact.deal_id == DealFact.deal_id,
                    DealStageFact.stage == DealFact.stage,
                ),
            )
            .where(
                DealFact.tenant_id == self.tenant_id,
                DealFact.status == "open",
                DealFact.currency == asked.currency,
            )
            .order_by(DealFact.amount.desc(), DealFact.deal_id)
            .limit(MOST)
        )
        if asked.deal_id:
            statement = statement.where(DealFact.deal_id.in_(asked.deal_id))
        if asked.assignee_id:
            statement = statement.where(DealFact.owner_id.in_(asked.assignee_id))
        return list((await self.session.execute(statement)).all())

    async def stages(self, asked: Asked) -> list[Any]:
        """Per stage: deals closed that came to it, those won, and how long three quarters of these stayed."""
        closed = self._closed(asked)
        left_at = func.coalesce(
            func.lead(DealStageFact.entered_at).over(
                partition_by=DealStageFact.deal_id, order_by=DealStageFact.entered_at
            ),
            closed.c.closed_at,
        )
        stays = (
            select(
                DealStageFact.pipeline,
                DealStageFact.stage,
                closed.c.status,
                func.greatest(func.extract("epoch", left_at - DealStageFact.entered_at), 0).label("seconds"),
            )
            .join(
                closed,
                and_(DealStageFact.tenant_id == self.tenant_id, DealStageFact.deal_id == closed.c.deal_id),
            )
            .subquery()
        )
        is_won = stays.c.status == "won"
        # Null for the others, which percentiles pass over.
        of_won = case((is_won, stays.c.seconds))
        statement = select(
            stays.c.pipeline,
            stays.c.stage,
            func.count().label("closed"),
            func.count().filter(is_won).label("won"),
            func.percentile_cont(0.75).within_group(of_won).label("usual"),
        ).group_by(stays.c.pipeline, stays.c.stage)
        return list((await self.session.execute(statement)).all())

    async def pipelines(self, asked: Asked) -> list[Any]:
        """Per pipeline: deals closed, and those won."""
        closed = self._closed(asked)
        statement = select(
            closed.c.pipeline,
            func.count().label("closed"),
            func.count().filter(closed.c.status == "won").label("won"),
        ).group_by(closed.c.pipeline)
        return list((await self.session.execute(statement)).all())

    def _closed(self, asked: Asked) -> Any:
        parts = [
            select(DealFact.deal_id, DealFact.pipeline, DealFact.status, DealFact.closed_at)
            .where(
                DealFact.tenant_id == self.tenant_id,
                DealFact.status == status,
                DealFact.closed_at >= asked.now - _HISTORY,
            )
            .order_by(DealFact.closed_at.desc())
            .limit(_MOST_CLOSED)
            .subquery()
            for status in ("won", "lost")
        ]
        return union_all(*(select(part) for part in parts)).subquery()

    async def high_value(self, asked: Asked) -> tuple[int, int]:
        """How many deals were opened in a year, and the amount that a quarter of them reach."""
        statement = select(func.count(), func.percentile_disc(0.75).within_group(DealFact.amount)).where(
            DealFact.tenant_id == self.tenant_id,
            DealFact.created_at >= asked.now - _YEAR,
            DealFact.currency == asked.currency,
            DealFact.status != "deleted",
        )
        row = (await self.session.execute(statement)).one()
        return row[0], int(row[1] or 0)

    async def overdue_tasks(self, asked: Asked) -> list[Any]:
        """Open tasks past their time, the longest first, each with its deal where that is open."""
        statement = (
            select(
                TaskFact.task_id,
                TaskFact.name,
                TaskFact.due_at,
                TaskFact.assignee_id,
                TaskFact.deal_id,
                DealFact.amount,
                DealFact.pipeline,
                DealFact.stage,
                DealFact.name.label("deal_name"),
            )
            .outerjoin(
                DealFact,
                and_(
                    DealFact.tenant_id == TaskFact.tenant_id,
                    DealFact.deal_id == TaskFact.deal_id,
                    DealFact.status == "open",
                    DealFact.currency == asked.currency,
                ),
            )
            .where(TaskFact.tenant_id == self.tenant_id, TaskFact.due_at < asked.now, _IS_OPEN)
            .order_by(TaskFact.due_at, TaskFact.task_id)
            .limit(MOST)
        )
        if asked.deal_id:
            statement = statement.where(TaskFact.deal_id.in_(asked.deal_id))
        if asked.assignee_id:
            statement = statement.where(TaskFact.assignee_id.in_(asked.assignee_id))
        return list((await self.session.execute(statement)).all())
