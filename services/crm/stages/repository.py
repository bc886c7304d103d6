"""All SQL of stages."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from libs.common.db.repository import Repository
from services.crm.stages.models import Stage


class StageRepository(Repository[Stage]):
    """Stages of one tenant."""

    model = Stage

    async def get_kept(self, stage_id: UUID) -> Stage | None:
        """The stage, which nobody can remove before this transaction ends."""
        statement: Any = self.select().where(Stage.id == stage_id).with_for_update(read=True)
        found = await self.session.execute(statement.execution_options(populate_existing=True))
        return found.scalar_one_or_none()

    async def lock_all(self, pipeline_id: UUID) -> list[Stage]:
        """All stages of a pipeline, locked."""
        statement: Any = (
            self.select().where(Stage.pipeline_id == pipeline_id).order_by(Stage.id).with_for_update()
        )
        return list((await self.session.execute(statement)).scalars())

    async def first(self, pipeline_id: UUID, kind: str) -> Stage | None:
        """The first stage of a kind in a pipeline, which nobody can remove before this transaction ends."""
        statement: Any = (
            self.select()
            .where(Stage.pipeline_id == pipeline_id, Stage.kind == kind)
            .order_by(Stage.position, Stage.id)
            .limit(1)
            .with_for_update(read=True)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def next_position(self, pipeline_id: UUID) -> int:
        """The position after the last stage that is not a closing one."""
        statement = select(func.max(Stage.position)).where(
            Stage.tenant_id == self.uow.tenant_id,
            Stage.pipeline_id == pipeline_id,
            Stage.kind == "open",
            Stage.deleted_at.is_(None),
        )
        last = (await self.session.execute(statement)).scalar()
        return 0 if last is None else min(last + 1, 999)
