"""The rules of stages."""

from typing import Any, ClassVar

from services.crm.deals.repository import DealRepository
from services.crm.links import LinkedService
from services.crm.pipelines.repository import PipelineRepository
from services.crm.stages.errors import StageInUse, StageNeeded
from services.crm.stages.models import Stage
from services.crm.stages.repository import StageRepository


class StageService(LinkedService[Stage]):
    """Stages of the pipelines of a business."""

    repository = StageRepository
    rows: StageRepository
    noun = "stage"
    people = ()
    links: ClassVar = {"pipeline_id": PipelineRepository}

    async def prepare(self, values: dict[str, Any], row: Stage | None) -> dict[str, Any]:
        """Put a new stage in its place; leave of a closing one only the name to change."""
        values = await super().prepare(values, row)
        if row is None:
            if values["position"] is None:
                values["position"] = await self.rows.next_position(values["pipeline_id"])
            return values | {"kind": "open"}
        if row.kind != "open" and any(
            values[name] != getattr(row, name) for name in values.keys() - {"name"}
        ):
            raise StageNeeded("Only the name of a won or lost stage can be changed.")
        return values

    async def before_delete(self, row: Stage) -> None:
        """Refuse while its pipeline or its deals need it."""
        left = [stage for stage in await self.rows.lock_all(row.pipeline_id) if stage.kind == "open"]
        if row.kind != "open" or left == [row]:
            raise StageNeeded("A pipeline needs a won, a lost and one more stage.")
        if await DealRepository(self.uow).any_in(stage_id=row.id):
            raise StageInUse("Move its deals first.")
