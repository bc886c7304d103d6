"""Bodies and queries of stage changes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.pagination import Page
from libs.common.schema import OutSchema


class StageChangeOut(OutSchema):
    """That a deal left one stage for another."""

    id: UUID
    from_stage_id: UUID | None
    from_stage: str | None
    to_stage_id: UUID
    to_stage: str
    at: datetime
    by_id: UUID | None = Field(description="The user who did it; null where the system did")
    seconds_in_stage: int | None = Field(description="How long the deal stood at the stage it left")


class StageTime(OutSchema):
    """How long a deal stood at a stage, all times together; the present stay counts up to now."""

    stage_id: UUID
    stage: str
    seconds: int
    is_current: bool


class DealHistory(Page[StageChangeOut]):
    """The way of a deal, oldest step first."""

    time_in_stage: list[StageTime]


class StageChangeQuery(ListQuery):
    """How to list the steps of a deal; `q` is looked for in the names of their stages."""

    orderable: ClassVar[tuple[str, ...]] = ("id",)
    default_order: ClassVar[str] = "id"
