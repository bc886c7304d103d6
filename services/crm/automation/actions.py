"""The actions of a rule as bodies: what each needs to be told. Texts may have placeholders such as `{deal.name}`."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from libs.common.schema import Schema
from services.crm.automation.conditions import Condition
from services.crm.automation.durations import Duration
from services.crm.tasks.schemas import TaskPriority

Template = Annotated[str, Field(min_length=1, max_length=2000)]
LongTemplate = Annotated[str, Field(min_length=1, max_length=20_000)]
Person = Annotated[
    str,
    Field(min_length=1, max_length=120, examples=["{deal.owner_id}"]),
    Field(description="The id of a colleague, or a placeholder of a field that holds one"),
]
Tag = Annotated[str, Field(min_length=1, max_length=50)]


class CreateTask(Schema):
    """Adds a task for the object."""

    type: Literal["create_task"]
    name: Template = Field(examples=["Call about {deal.name}"])
    description: LongTemplate | None = None
    assignee_id: Person | None = None
    due_in: Duration | None = Field(None, description="How long after the run it is due")
    priority: TaskPriority = "normal"
    tags: Annotated[list[Tag], Field(max_length=50)] = Field(default_factory=list)


class UpdateField(Schema):
    """Changes a field of the object, one that its PATCH takes."""

    type: Literal["update_field"]
    field: Annotated[str, Field(min_length=1, max_length=60)]
    value: Any = Field(
        description="What a PATCH of the object takes for this field; texts may have placeholders"
    )


class AssignOwner(Schema):
    """Gives the object to a colleague (of a task: assigns it)."""

    type: Literal["assign_owner"]
    owner_id: Person


class AddTag(Schema):
    """Adds a tag to the object, where it does not have it."""

    type: Literal["add_tag"]
    tag: Template = Field(max_length=100)


class MoveDeal(Schema):
    """Moves the deal to a stage of its pipeline."""

    type: Literal["move_deal"]
    stage_id: UUID


class PostMessage(Schema):
    """Writes a chat message on the object, as the platform; those who look after it are told, and those mentioned."""

    type: Literal["post_message"]
    text: LongTemplate = Field(examples=["{deal.name} came to {deal.stage}"])
    mentions: Annotated[list[Person], Field(max_length=50)] = Field(default_factory=list)


class SendNotification(Schema):
    """Tells colleagues in the app and on their devices."""

    type: Literal["send_notification"]
    user_ids: Annotated[list[Person], Field(min_length=1, max_length=50)]
    title: Template = Field(max_length=200)
    text: LongTemplate | None = None


class SendEmail(Schema):
    """Sends a mail to an address, which may be a placeholder such as `{contact.email}`; it counts as a message sent."""

    type: Literal["send_email"]
    to: Annotated[str, Field(min_length=3, max_length=320, examples=["{contact.email}"])]
    subject: Template = Field(max_length=200)
    text: LongTemplate


class Wait(Schema):
    """Goes on after a while."""

    type: Literal["wait"]
    for_: Duration = Field(validation_alias="for", serialization_alias="for")


class StopIf(Schema):
    """Ends the run here where the conditions hold now."""

    type: Literal["stop_if"]
    conditions: Condition


Action = Annotated[
    CreateTask
    | UpdateField
    | AssignOwner
    | AddTag
    | MoveDeal
    | PostMessage
    | SendNotification
    | SendEmail
    | Wait
    | StopIf,
    Field(discriminator="type"),
]


def to_json(action: Any) -> dict[str, Any]:
    """An action as it is kept and shown."""
    found: dict[str, Any] = action.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(action, StopIf):
        found["conditions"] = action.conditions.to_json()
    if isinstance(action, UpdateField):
        found["value"] = action.value
    return found
