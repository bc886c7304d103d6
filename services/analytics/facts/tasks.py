"""Facts of tasks: what is to be done, by whom and by when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from libs.contracts import crm
from services.analytics.facts.models import TaskFact
from services.analytics.facts.writing import Facts, Projections, Shape

_TASK = ("name", "assignee_id", "due_at", "deal_id", "seen_at")
# How a task is, unless a later event has said so already.
TASK_CHANGED = Shape(TaskFact, (*_TASK, "status", "completed_at"), since="seen_at")
TASK_ASSIGNED = Shape(TaskFact, (*_TASK, "assigned_at"), since="seen_at")
TASK_COMPLETED = Shape(TaskFact, ("completed_at",))

SHAPES = (TASK_CHANGED, TASK_ASSIGNED, TASK_COMPLETED)


def _task(tenant_id: UUID, time: datetime, event: crm.TaskChanged | crm.TaskAssigned) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "task_id": event.task_id,
        "name": event.name,
        "assignee_id": event.assignee_id,
        "due_at": event.due_at,
        "deal_id": event.deal_id,
        "seen_at": time,
    }


def task_changed(facts: Facts, tenant_id: UUID, time: datetime, event: crm.TaskChanged) -> None:
    """A task is so now, or is gone."""
    values = {
        "status": "deleted" if event.deleted else event.status,
        "completed_at": event.completed_at,
    }
    row = {**_task(tenant_id, time, event), **values}
    facts.write(TASK_CHANGED, row, turn=facts.next_turn(tenant_id, event.task_id))


def task_assigned(facts: Facts, tenant_id: UUID, time: datetime, event: crm.TaskAssigned) -> None:
    """A task was given to somebody."""
    row = {**_task(tenant_id, time, event), "assigned_at": time}
    facts.write(TASK_ASSIGNED, row, turn=facts.next_turn(tenant_id, event.task_id))


def task_completed(facts: Facts, tenant_id: UUID, time: datetime, event: crm.TaskCompleted) -> None:
    """A task was done."""
    row = {"tenant_id": tenant_id, "task_id": event.task_id, "completed_at": event.completed_at}
    facts.write(TASK_COMPLETED, row, turn=facts.next_turn(tenant_id, event.task_id))


PROJECTIONS: Projections = {
    crm.TaskChanged: task_changed,
    crm.TaskAssigned: task_assigned,
    crm.TaskCompleted: task_completed,
}
