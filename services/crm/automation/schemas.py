"""Bodies and queries of automation."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.automation.actions import Action
from services.crm.automation.conditions import Condition, Outcome
from services.crm.automation.triggers import ObjectType, Trigger
from services.crm.values import Name, Text

TriggerType = Literal["event", "schedule", "manual"]
RunStatus = Literal["running", "waiting", "completed", "failed", "stopped", "cancelled", "skipped"]
_RULE: JsonDict = {
    "name": "Thank for a won deal",
    "trigger": {"type": "event", "event": "crm.deal_won.v1"},
    "conditions": {"and": [{"field": "deal.amount", "operator": "gte", "value": 100000}]},
    "actions": [
        {"type": "create_task", "name": "Thank {deal.name}", "assignee_id": "{deal.owner_id}", "due_in": "1d"}
    ],
    "enabled": True,
}


def _nothing(value: Any) -> Any:
    return None if value in ({}, []) else value


Conditions = Annotated[
    Condition | Annotated[list[Condition], Field(max_length=50)] | None,
    BeforeValidator(_nothing),
    Field(description="What must hold; of a list, all of it. Amounts of money are in minor units"),
]
Actions = Annotated[
    list[Action], Field(min_length=1, description="What is done, one after another; at most 20")
]


class RuleCreate(Schema):
    """A new rule; also the whole of it in a PUT. It begins disabled unless `enabled` is true."""

    model_config = ConfigDict(json_schema_extra={"example": _RULE})

    name: Name
    description: Text | None = None
    trigger: Trigger
    conditions: Conditions = None
    actions: Actions
    enabled: bool | None = Field(None, description="Absent: a new one is disabled, another stays as it is")


class RuleUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = Field(default_factory=str)
    description: Text | None = None
    trigger: Trigger = Field(default_factory=dict)  # type: ignore[assignment]
    conditions: Conditions = None
    actions: Actions = Field(default_factory=list)
    enabled: bool = False


class RuleOut(OutSchema):
    """A rule. Every change makes a new `version`."""

    id: UUID
    name: str
    description: str | None
    enabled: bool
    status: Literal["enabled", "disabled"]
    disabled_reason: str | None = Field(description="Why the platform has disabled it")
    trigger: dict[str, Any]
    object_type: str | None = Field(description="The kind of thing that it is about")
    conditions: dict[str, Any] | None
    actions: list[dict[str, Any]]
    permissions: list[str] = Field(description="What its owner must hold for it to act")
    owner_id: UUID = Field(description="Who last said what it does; it acts with this person's rights")
    enabled_at: datetime | None
    next_run_at: datetime | None = Field(description="When its schedule is due")
    version: int
    created_at: datetime
    updated_at: datetime


class RuleQuery(ListQuery):
    """How to list rules."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name",)

    enabled: bool | None = None
    trigger_type: list[TriggerType] | None = None
    event: list[str] | None = None
    owner_id: list[UUID] | None = None


class VersionOut(OutSchema):
    """What a rule said from one change to the next."""

    id: UUID
    version: int = Field(validation_alias="number")
    change: str = Field(description="created, updated, enabled or disabled")
    changed_by_id: UUID | None
    name: str
    description: str | None
    enabled: bool
    trigger: dict[str, Any]
    conditions: dict[str, Any] | None
    actions: list[dict[str, Any]]
    permissions: list[str]
    owner_id: UUID
    created_at: datetime


class VersionQuery(ListQuery):
    """How to list the versions of a rule."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name", "description", "change")


class RunIn(Schema):
    """What a run or a dry run is about."""

    object_type: ObjectType | None = None
    object_id: UUID | None = None


class DryRunIn(RunIn):
    """What a dry run supposes: a thing there is, and what an event would say."""

    event: dict[str, Any] | None = Field(
        None, description="What the event says; a field that is left out is not set"
    )


class StepOut(OutSchema):
    """What one action of a run did."""

    position: int
    action: str
    status: Literal["done", "failed", "waiting", "stopped"]
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    attempts: int
    started_at: datetime
    finished_at: datetime | None


class RunOut(OutSchema):
    """One time that a rule acted. It goes by the version of the rule with which it began."""

    id: UUID
    rule_id: UUID
    rule_version: int
    version: int = Field(description="The same as `rule_version`")
    trigger_type: TriggerType
    event: str | None
    event_id: UUID | None = Field(description="The event that it is the run of")
    object_type: str | None
    object_id: UUID | None
    started_by_id: UUID | None = Field(description="Who ran it by hand")
    status: RunStatus
    reason: str | None = Field(description="Why it was stopped, cancelled or skipped")
    problem: dict[str, Any] | None = Field(description="What it failed with")
    depth: int = Field(description="How many runs led to it, itself included")
    position: int = Field(description="The action that is next, counted from 0")
    attempts: int = Field(description="Failures of that action so far")
    due_at: datetime | None = Field(description="When it goes on")
    created_at: datetime
    finished_at: datetime | None


class RunWithSteps(RunOut):
    """A run with what each of its actions did."""

    steps: list[StepOut]


class RunQuery(ListQuery):
    """How to list the runs of a rule."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("event", "reason")
    named_by: ClassVar[tuple[str, ...]] = ("object_id",)

    status: list[RunStatus] | None = None
    object_id: list[UUID] | None = None


class ActionOutcome(OutSchema):
    """What one action would do; `problem` says why it would not."""

    position: int
    type: str
    would: dict[str, Any] | None
    problem: dict[str, Any] | None


class DryRunOut(OutSchema):
    """What a run would do now. Nothing was changed."""

    would_run: bool
    conditions: Outcome
    actions: list[ActionOutcome]
    object_type: str | None
    object_id: UUID | None
    version: int
    lacking_permissions: list[str] = Field(description="What the caller lacks of what the rule takes")
