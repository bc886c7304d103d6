"""The rules of stages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from libs.common.errors import AlreadyExists
from libs.common.resource import snapshot
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
    fixed = frozenset({"pipeline_id"})

    async def prepare(self, values: dict[str, Any], row: Stage | None) -> dict[str, Any]:
        """Put a new stage in its place; leave of a closing one only the name to change."""
        values = await super().prepare(values, row)
        if row is None:
            if values["position"] is None:
                values["position"] = await self.rows.next_position(values["pipeline_id"])
            return values | {"kind": "open"}
        if values.get("position", 0) is None:
            values["position"] = row.position
        if row.kind != "open" and any(
            values[name] != getattr(row, name) for name in values.keys() - {"name"}
        ):
            raise StageNeeded("Only the name of a won or lost stage can be changed.")
        return values

    async def replace(
        self, pipeline_id: UUID, wanted: Sequence[dict[str, Any]] | None, closing: Mapping[str, str | None]
    ) -> None:
        """Let the open stages of a pipeline be those wanted, in their order, and rename its closing ones.

        Stages are told apart by their names: one that is there already keeps its deals. What is None stays as it is.

        Raises:
            AlreadyExists: a name would stand twice.
            StageInUse: one that is no longer wanted has deals.
        """
        stages = await self.rows.lock_all(pipeline_id)
        present = {stage.name: stage for stage in stages if stage.kind == "open"}
        if wanted is not None:
            names = [values["name"] for values in wanted]
            if len(set(names)) < len(names):
                raise AlreadyExists("Two of the stages have the same name.", field="stages")
            for name in present.keys() - set(names):
                await self._discard(present[name])
        for stage in stages:
            if new_name := closing.get(stage.kind):
                await self._change(stage, {"name": new_name})
        for position, values in enumerate(wanted or ()):
            if values["name"] in present:
                await self._change(present[values["name"]], {**values, "position": position})
            else:
                made = Stage(pipeline_id=pipeline_id, kind="open", position=position, **values)
                self._record("created", await self.rows.add(made), None)

    async def _change(self, stage: Stage, values: dict[str, Any]) -> None:
        if any(getattr(stage, name) != value for name, value in values.items()):
            before = snapshot(stage)
            for name, value in values.items():
                setattr(stage, name, value)
            await self.rows.save(stage)
            self._record("updated", stage, before)

    async def _discard(self, stage: Stage) -> None:
        if await DealRepository(self.uow).any_in(stage_id=stage.id):
            raise StageInUse(f"Move the deals at {stage.name} first.")
        before = snapshot(stage)
        await self.rows.delete(stage)
        self._record("deleted", stage, before)

    async def before_delete(self, row: Stage) -> None:
        """Refuse while its pipeline or its deals need it."""
        left = [stage for stage in await self.rows.lock_all(row.pipeline_id) if stage.kind == "open"]
        if row.kind != "open" or left == [row]:
            raise StageNeeded("A pipeline needs a won, a lost and one more stage.")
        if await DealRepository(self.uow).any_in(stage_id=row.id):
            raise StageInUse("Move its deals first.")
