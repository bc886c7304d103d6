"""The rules of tasks."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import InvalidTransition
from libs.contracts.crm import TaskAssigned, TaskChanged, TaskCompleted
from services.crm.companies.repository import CompanyRepository
from services.crm.contacts.repository import ContactRepository
from services.crm.deals.repository import DealRepository
from services.crm.deals.service import DealService
from services.crm.links import LinkedService
from services.crm.tasks.models import Task
from services.crm.tasks.repository import TaskRepository
from services.crm.tasks.schemas import DealTaskCreate, TaskCreate, TaskUpdate


class TaskService(LinkedService[Task]):
    """Tasks of a business."""

    repository = TaskRepository
    noun = "task"
    people = ("assignee_id",)
    links: ClassVar = {
        "deal_id": DealRepository,
        "company_id": CompanyRepository,
        "contact_id": ContactRepository,
    }

    async def create(self, body: BaseModel) -> Task:
        """Add a task, and tell its assignee."""
        task = await super().create(body)
        self._announce(task, None, False)
        return task

    async def create_for_deal(self, deal_id: UUID, body: DealTaskCreate) -> Task:
        """Add a task for a deal, with the deal's company and contact."""
        deal = await DealService(self.uow).get(deal_id)
        whole = TaskCreate(
            **body.model_dump(), deal_id=deal.id, company_id=deal.company_id, contact_id=deal.contact_id
        )
        return await self.create(whole)

    async def update(self, row_id: UUID, body: BaseModel) -> Task:
        """Change a task, and tell of a new assignee or of its completion."""
        before = await self.get(row_id, lock=True)
        assignee_id, was_done = before.assignee_id, before.status == "done"
        task = await super().update(row_id, body)
        self._announce(task, assignee_id, was_done)
        return task

    async def complete(self, task_id: UUID) -> Task:
        """Mark a task as done.

        Raises:
            InvalidTransition: it is done already, or cancelled.
        """
        task = await self.get(task_id, lock=True)
        if task.status in ("done", "cancelled"):
            raise InvalidTransition(f"The task is {task.status}.", current_status=task.status)
        return await self.update(task_id, TaskUpdate(status="done"))

    async def prepare(self, values: dict[str, Any], row: Task | None) -> dict[str, Any]:
        """Keep who completed it and when in step with the status."""
        values = await super().prepare(values, row)
        if row is None:
            values["created_by_id"] = self.uow.actor.user_id
        done = values.get("status", row.status if row else "todo") == "done"
        if done and (row is None or row.status != "done"):
            values |= {"completed_at": self.uow.now, "completed_by_id": self.uow.actor.user_id}
        elif not done:
            values |= {"completed_at": None, "completed_by_id": None}
        return values

    def _record(self, action: str, row: Task, before: dict[str, Any] | None) -> None:
        super()._record(action, row, before)
        self.uow.emit(
            TaskChanged(
                task_id=row.id,
                name=row.name,
                status=row.status,
                assignee_id=row.assignee_id,
                due_at=row.due_at,
                deal_id=row.deal_id,
                completed_at=row.completed_at,
                deleted=action == "deleted",
            )
        )

    def _announce(self, task: Task, former_assignee_id: UUID | None, was_done: bool) -> None:
        if task.assignee_id is not None and task.assignee_id != former_assignee_id:
            self.uow.emit(
                TaskAssigned(
                    task_id=task.id,
                    name=task.name,
                    assignee_id=task.assignee_id,
                    assigned_by_id=self.uow.actor.user_id,
                    due_at=task.due_at,
                    deal_id=task.deal_id,
                )
            )
        if task.completed_at is not None and not was_done:
            self.uow.emit(
                TaskCompleted(
                    task_id=task.id,
                    name=task.name,
                    assignee_id=task.assignee_id,
                    completed_at=task.completed_at,
                )
            )
