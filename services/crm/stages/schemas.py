"""Bodies and queries of stages."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

StageName = Annotated[str, Field(min_length=1, max_length=100, examples=["Qualified"])]
StageKind = Literal["open", "won", "lost"]
Position = Annotated[int, Field(ge=0, le=999, description="Lower ones come first")]
Probability = Annotated[
    int, Field(ge=0, le=100, description="How likely deals here are to be won, in percent")
]
RequiredField = Literal[
    "amount", "company_id", "contact_id", "description", "expected_close_on", "lines", "owner_id", "source"
]
RequiredFields = Annotated[
    list[RequiredField], Field(max_length=10, description="Fields that a deal must have to come here")
]


class StagePart(Schema):
    """A stage of a new pipeline."""

    name: StageName
    probability: Probability = 50
    required_fields: RequiredFields = Field(default_factory=list)


class StageOfPipeline(StagePart):
    """A stage in the PUT of its pipeline; of the closing ones only the name counts."""

    kind: StageKind = "open"


class StageCreate(StagePart):
    """A new stage before the closing ones; the last of them unless a position is named."""

    pipeline_id: UUID
    position: Position | None = None


class StageReplace(StagePart):
    """The whole of a stage in a PUT; without a position it stays where it is, and its pipeline may be repeated."""

    pipeline_id: UUID | None = None
    position: Position | None = None


class StageUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    name: StageName = Field(default_factory=str)
    position: Position = 0
    probability: Probability = 0
    required_fields: RequiredFields = Field(default_factory=list)


class StageOut(OutSchema):
    """A stage."""

    id: UUID
    pipeline_id: UUID
    name: str
    kind: StageKind
    position: int
    probability: int
    required_fields: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class StageQuery(ListQuery):
    """How to list stages."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "position")
    default_order: ClassVar[str] = "position"
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    pipeline_id: list[UUID] | None = None
    kind: list[StageKind] | None = None
