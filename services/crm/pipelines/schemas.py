"""Bodies and queries of pipelines."""

from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.stages.schemas import Position, StageName, StageOfPipeline, StageOut, StagePart
from services.crm.values import Name

Reasons = Annotated[
    list[Name],
    Field(max_length=50, description="The reasons to choose from; any text will do where there are none"),
]


Stages = Annotated[list[StagePart], Field(min_length=1, max_length=50)]


class _PipelineBody(Schema):
    name: Name
    position: Position = 0
    won_reasons: Reasons = Field(default_factory=list)
    lost_reasons: Reasons = Field(default_factory=list)


class PipelineCreate(_PipelineBody):
    """A new pipeline. The stages for won and lost deals are added after those named."""

    is_default: bool = Field(False, description="Takes the deals that name no pipeline")
    stages: Stages = Field(default_factory=lambda: [StagePart(name="New", probability=10)])
    won_stage: StageName = "Won"
    lost_stage: StageName = "Lost"


class PipelineReplace(_PipelineBody):
    """The whole of a pipeline in a PUT. Stages that are sent replace those of other names; unsent, all stay.

    So does what it is to deals that name no pipeline.
    """

    is_default: bool | None = None
    stages: Annotated[list[StageOfPipeline], Field(min_length=1, max_length=52)] | None = None
    won_stage: StageName | None = None
    lost_stage: StageName | None = None

    @model_validator(mode="after")
    def _closing(self) -> Self:
        """Take the closing stages, as a GET gives them among the others, for what they are."""
        for stage in self.stages or ():
            if stage.kind == "won":
                self.won_stage = self.won_stage or stage.name
            elif stage.kind == "lost":
                self.lost_stage = self.lost_stage or stage.name
        if self.stages is not None:
            self.stages = [stage for stage in self.stages if stage.kind == "open"]
            if not self.stages:
                raise ValueError("a pipeline needs an open stage")
        return self


class PipelineUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    name: Name = Field(default_factory=str)
    is_default: bool = False
    position: Position = 0
    won_reasons: Reasons = Field(default_factory=list)
    lost_reasons: Reasons = Field(default_factory=list)


class PipelineOut(OutSchema):
    """A pipeline with its stages in order."""

    id: UUID
    name: str
    is_default: bool
    position: int
    won_reasons: list[str]
    lost_reasons: list[str]
    stages: list[StageOut]
    version: int
    created_at: datetime
    updated_at: datetime


class PipelineQuery(ListQuery):
    """How to list pipelines."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "position")
    default_order: ClassVar[str] = "position"
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    name: list[str] | None = None
