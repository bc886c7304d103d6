"""The rules of pipelines."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import Conflict
from libs.common.resource import ResourceService
from services.crm.deals.repository import DealRepository
from services.crm.locks import lock
from services.crm.pipelines.errors import PipelineInUse
from services.crm.pipelines.models import Pipeline
from services.crm.pipelines.repository import PipelineRepository
from services.crm.pipelines.schemas import PipelineCreate, PipelineReplace
from services.crm.stages.models import LOST_POSITION, WON_POSITION, Stage
from services.crm.stages.repository import StageRepository
from services.crm.stages.schemas import StagePart
from services.crm.stages.service import StageService

SALES = PipelineCreate(
    name="Sales",
    is_default=True,
    stages=[
        StagePart(name="New", probability=10),
        StagePart(name="Qualified", probability=30),
        StagePart(name="Proposal", probability=60),
    ],
)
REGISTRATIONS = PipelineCreate(
    name="Registrations",
    stages=[StagePart(name="New", probability=50), StagePart(name="In review", probability=70)],
)


class PipelineService(ResourceService[Pipeline]):
    """Pipelines of a business."""

    repository = PipelineRepository
    rows: PipelineRepository
    noun = "pipeline"

    async def default(self) -> Pipeline:
        """The pipeline for deals that name none; a business that has none gets the pipeline `Sales`."""
        return await self.rows.default() or await self.ensure(SALES)

    async def ensure(self, wanted: PipelineCreate) -> Pipeline:
        """The pipeline of this name, made as wanted where there is none."""
        await self._lock()
        return await self.rows.find(Pipeline.name == wanted.name) or await self.create(wanted)

    async def prepare(self, values: dict[str, Any], row: Pipeline | None) -> dict[str, Any]:
        """Keep one default pipeline, and give a new pipeline its stages."""
        await self._lock()
        default = await self.rows.default()
        if row is None:
            values = values | {"is_default": values["is_default"] or default is None}
            values["stages"] = _stages(values["stages"], values.pop("won_stage"), values.pop("lost_stage"))
        else:
            if values.get("is_default", False) is None:
                del values["is_default"]
            if row.is_default and not values.get("is_default", True):
                raise Conflict("Make another pipeline the default one instead.")
            if (stages := values.pop("stages", None)) is not None:
                stages = [{name: stage[name] for name in stage if name != "kind"} for stage in stages]
            closing = {"won": values.pop("won_stage", None), "lost": values.pop("lost_stage", None)}
            if stages is not None or any(closing.values()):
                await StageService(self.uow).replace(row.id, stages, closing)
        if values.get("is_default") and default is not None and default is not row:
            await self.rows.unset_default()
        return values

    async def update(self, row_id: UUID, body: BaseModel) -> Pipeline:
        """Change a pipeline, and with a PUT its stages.

        Raises:
            StageInUse: a stage that is not among those sent has deals.
        """
        row = await super().update(row_id, body)
        if isinstance(body, PipelineReplace):
            await self.uow.session.refresh(row, ["stages"])
        return row

    async def before_delete(self, row: Pipeline) -> None:
        """Refuse while it is needed; its stages go with it."""
        stages = StageRepository(self.uow)
        await stages.lock_all(row.id)
        if row.is_default or await DealRepository(self.uow).any_in(pipeline_id=row.id):
            raise PipelineInUse("It is the default pipeline, or has deals.")
        for stage in list(row.stages):
            stage.deleted_at = self.uow.now

    async def _lock(self) -> None:
        await lock(self.uow, "pipelines", self.uow.tenant_id)


def _stages(open_stages: list[dict[str, Any]], won: str, lost: str) -> list[Stage]:
    stages = [Stage(kind="open", position=n, **stage) for n, stage in enumerate(open_stages)]
    return [
        *stages,
        Stage(kind="won", position=WON_POSITION, name=won, probability=100),
        Stage(kind="lost", position=LOST_POSITION, name=lost, probability=0),
    ]
