"""All SQL of tasks."""

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from libs.common.db.direct import Direct, insert_of
from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.crm.deal_lines.models import DealLine
from services.crm.tasks.models import Task

_ADD = Direct(insert_of(Task))


class TaskRepository(Repository[Task]):
    """Tasks of one tenant."""

    model = Task

    async def add(self, row: Task) -> Task:
        """Insert a task with the next flush, and load the products shown with it."""
        row.tenant_id, row.id, row.version = self.uow.tenant_id, new_id(), 1
        row.created_at = row.updated_at = self.uow.now
        self.uow.write(_ADD, row)
        set_committed_value(row, "products", await self._products(row))
        return row

    async def save(self, row: Task) -> Task:
        """Flush the changes of a task, and load the products shown with it."""
        await super().save(row)
        await self.session.refresh(row, ["products"])
        return row

    async def _products(self, row: Task) -> list[DealLine]:
        if row.deal_id is None:
            return []
        lines = select(DealLine).where(
            DealLine.tenant_id == self.uow.tenant_id, DealLine.deal_id == row.deal_id
        )
        ordered = lines.order_by(DealLine.position, DealLine.id)
        return list((await self.session.execute(ordered)).scalars())
