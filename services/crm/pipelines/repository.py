"""All SQL of pipelines."""

from sqlalchemy import update

from libs.common.db.repository import Repository
from services.crm.pipelines.models import Pipeline


class PipelineRepository(Repository[Pipeline]):
    """Pipelines of one tenant."""

    model = Pipeline

    async def default(self) -> Pipeline | None:
        """The pipeline for deals that name none."""
        return await self.find(Pipeline.is_default.is_(True))

    async def unset_default(self) -> None:
        """Leave the tenant without a default pipeline, before another becomes it."""
        await self.session.execute(
            update(Pipeline)
            .where(
                Pipeline.tenant_id == self.uow.tenant_id, Pipeline.is_default, Pipeline.deleted_at.is_(None)
            )
            .values(is_default=False, version=Pipeline.version + 1, updated_at=self.uow.now)
        )
