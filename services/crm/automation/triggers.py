"""What makes a rule run: an event, a schedule, or somebody who says so."""

from typing import Annotated, Literal

from pydantic import Field

from libs.common.schema import Schema
from services.crm.automation.schedules import Schedule

ObjectType = Annotated[
    Literal["deal", "lead", "contact", "company", "task", "request"],
    Field(
        description="The kind of thing that the rule is about; an event that is about one kind says it itself"
    ),
]


class EventTrigger(Schema):
    """Something happened. Of `crm.change_recorded.v1` and `crm.message_posted.v1`, `object_type` says on what."""

    type: Literal["event"]
    event: Annotated[str, Field(min_length=1, max_length=100, examples=["crm.deal_won.v1"])]
    object_type: ObjectType | None = None


class ScheduleTrigger(Schema):
    """A time has come. With an `object_type` it runs for each thing of that kind for which the conditions hold."""

    type: Literal["schedule"]
    schedule: Schedule
    object_type: ObjectType | None = None


class ManualTrigger(Schema):
    """Somebody runs it."""

    type: Literal["manual"]
    object_type: ObjectType | None = None


Trigger = Annotated[EventTrigger | ScheduleTrigger | ManualTrigger, Field(discriminator="type")]
