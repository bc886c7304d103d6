"""Tasks that are overdue."""

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.insights.next_best_actions.candidate import Asked, Candidate, Found
from services.analytics.insights.next_best_actions.deal_rows import DealRows
from services.analytics.insights.next_best_actions.rules.deals import DealHistory


async def overdue(uow: UnitOfWork, asked: Asked, history: DealHistory, *, shows_deals: bool) -> Found:
    """Open tasks past their time; at stake is the deal that they are for, where one may be seen."""
    found = []
    for task in await DealRows(uow).overdue_tasks(asked):
        late = asked.now - task.due_at
        has_deal = shows_deals and task.amount is not None
        found.append(
            Candidate(
                kind="overdue_task",
                object_type="task",
                object_id=task.task_id,
                title=task.name,
                href=f"/api/v1/tasks/{task.task_id}",
                action="complete_task",
                suggestion="Do it, or agree on another date",
                explanation=f"It was due {late.days} days ago."
                + (f" It is for the deal {task.deal_name}." if has_deal and task.deal_name else ""),
                since=task.due_at,
                value=task.amount if has_deal else None,
                chance=history.chance(task) if has_deal else None,
                deal_id=task.deal_id,
                assignee_id=task.assignee_id,
                evidence={"due_at": task.due_at.isoformat(), "days_overdue": late.days},
            )
        )
    return Found(found)
