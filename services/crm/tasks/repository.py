"""All SQL of tasks."""

from libs.common.db.repository import Repository
from services.crm.tasks.models import Task


class TaskRepository(Repository[Task]):
    """Tasks of one tenant."""

    model = Task

    async def add(self, row: Task) -> Task:
        """Insert a task, and load the products shown with it."""
        await super().add(row)
        await self.session.refresh(row, ["products"])
        return row

    async def save(self, row: Task) -> Task:
        """Flush the changes of a task, and load the products shown with it."""
        await super().save(row)
        await self.session.refresh(row, ["products"])
        return row
