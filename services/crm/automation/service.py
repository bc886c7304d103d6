"""The rules of rules: what one may say, who owns it, and what each change leaves behind."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.actor import ActorKind
from libs.common.errors import NotFound, PermissionDenied
from libs.common.filters import ListQuery
from libs.common.resource import ResourceService, snapshot
from libs.common.schema import PatchSchema
from services.crm.automation.actions import MoveDeal
from services.crm.automation.checking import people_named
from services.crm.automation.definition import Definition, define, joined, stored
from services.crm.automation.errors import LimitExceeded, PersonRequired
from services.crm.automation.models import Rule, RuleVersion, Run
from services.crm.automation.repository import RuleRepository, VersionRepository
from services.crm.automation.rights import standing_of
from services.crm.automation.run_repository import RunRepository
from services.crm.automation.schedules import Schedule, next_time
from services.crm.automation.triggers import ScheduleTrigger
from services.crm.links import UnknownReference
from services.crm.locks import lock
from services.crm.people.service import PersonService
from services.crm.stages.repository import StageRepository

_SAID = frozenset({"trigger", "conditions", "actions"})


class RuleService(ResourceService[Rule]):
    """Rules of a business. Who saves what one does is its owner, and must hold what that takes."""

    repository = RuleRepository
    rows: RuleRepository
    noun = "automation_rule"

    async def create(self, body: BaseModel) -> Rule:
        """Add a rule.

        Raises:
            LimitExceeded: the business has as many as it may.
            PersonRequired, PermissionDenied: the caller cannot own it.
        """
        zone = await self._time_zone(body)
        await lock(self.uow, "automation_rules", self.uow.tenant_id)
        most = self.uow.context.settings.automation_rules_per_business
        if await self.rows.count(most) >= most:
            raise LimitExceeded(
                f"A business has at most {most} rules; remove one, or join two.", limit=most, what="rules"
            )
        values = await self._columns(body, None, zone)
        values["enabled"] = bool(values.pop("enabled", None))
        row = Rule(**values, disabled_reason=None, next_run_at=None)
        self._settle(row)
        await self.rows.add(row)
        await self._keep(row, "created")
        self._record("created", row, None)
        self.uow.tag(row.version)
        return row

    async def update(self, row_id: UUID, body: BaseModel) -> Rule:
        """Change a rule; runs under way go on as they began, unless it is disabled.

        Raises:
            PreconditionFailed: `If-Match` named another version.
            PersonRequired, PermissionDenied: the caller cannot own what it says now.
        """
        zone = await self._time_zone(body)
        row = await self.get(row_id, lock=True)
        self.check_version(row)
        before = snapshot(row)
        for name, value in (await self._columns(body, row, zone)).items():
            if name != "enabled" or value is not None:
                setattr(row, name, value)
        await self._change(row, "updated", before)
        return row

    async def set_enabled(self, row_id: UUID, enabled: bool) -> Rule:
        """Enable or disable a rule; one that is already stays as it is. Runs of a disabled one are cancelled.

        Raises:
            PermissionDenied: the caller lacks what the rule takes, and would have it act.
        """
        row = await self.get(row_id, lock=True)
        self.check_version(row)
        if row.enabled == enabled:
            return row
        if enabled:
            self.require(row.permissions)
        before = snapshot(row)
        row.enabled = enabled
        await self._change(row, "enabled" if enabled else "disabled", before)
        return row

    async def disable(self, rule: Rule, reason: str) -> None:
        """Disable a rule that is locked, for a reason of the platform."""
        before = snapshot(rule)
        rule.enabled, rule.disabled_reason = False, reason
        await self._change(rule, "disabled", before)

    async def before_delete(self, row: Rule) -> None:
        """Let none of its runs go on."""
        await RunRepository(self.uow, row.id).cancel_open("the rule was removed")

    async def versions(self, rule_id: UUID, query: ListQuery) -> dict[str, Any]:
        """One page of what a rule said over time."""
        await self.get(rule_id)
        rows, cursor = await VersionRepository(self.uow, rule_id).page(query)
        return {"items": rows, "next_cursor": cursor}

    async def runs(self, rule_id: UUID, query: ListQuery) -> dict[str, Any]:
        """One page of the runs of a rule."""
        await self.get(rule_id)
        rows, cursor = await RunRepository(self.uow, rule_id).page(query)
        return {"items": rows, "next_cursor": cursor}

    async def run(self, rule_id: UUID, run_id: UUID) -> Run:
        """A run with its steps.

        Raises:
            NotFound: the rule has no such run.
        """
        await self.get(rule_id)
        runs = RunRepository(self.uow, rule_id)
        run = await runs.get(run_id)
        if run is None or run.rule_id != rule_id:
            raise NotFound("There is no such run.", resource="automation_run")
        run.steps = await runs.steps(run_id)  # type: ignore[attr-defined]
        return run

    def require(self, permissions: list[str]) -> None:
        """Refuse a caller who lacks what a rule takes.

        Raises:
            PermissionDenied: it names the first that is lacking, and all of them.
        """
        lacking = sorted(self.uow.actor.lacks(permissions))
        if lacking:
            raise PermissionDenied(
                f"The rule does what takes {', '.join(lacking)}.",
                required_permission=lacking[0],
                required_permissions=lacking,
            )

    async def _columns(self, body: BaseModel, row: Rule | None, zone: str | None) -> dict[str, Any]:
        """The columns that a body sets; what it says of the rule's acts makes the caller its owner."""
        sent = body.model_fields_set if isinstance(body, PatchSchema) else set(type(body).model_fields)
        values = {name: getattr(body, name) for name in sent - _SAID}
        if row is not None and not sent & _SAID:
            if values.get("enabled") and not row.enabled:
                self.require(row.permissions)
            return values
        now = stored(row) if row is not None else None
        definition = define(
            _zoned(body.trigger, zone) if "trigger" in sent else now.trigger,  # type: ignore[attr-defined, union-attr]
            joined(body.conditions) if "conditions" in sent else now.conditions,  # type: ignore[attr-defined, union-attr]
            body.actions if "actions" in sent else now.actions,  # type: ignore[attr-defined, union-attr]
        )
        return values | definition.columns() | {"owner_id": await self._owner(definition)}

    async def _owner(self, definition: Definition) -> UUID:
        actor = self.uow.actor
        if actor.kind is not ActorKind.USER or actor.user_id is None or actor.acting_user_id is not None:
            raise PersonRequired("Sign in as the person in whose name the rule is to act.")
        self.require(definition.permissions)
        for n, action in enumerate(definition.actions):
            for name, people in people_named(action).items():
                await PersonService(self.uow).require(f"actions.{n}.{name}", people)
            if (
                isinstance(action, MoveDeal)
                and await StageRepository(self.uow).get_kept(action.stage_id) is None
            ):
                raise UnknownReference("There is no such stage.", field=f"actions.{n}.stage_id")
        return actor.user_id

    async def _change(self, row: Rule, change: str, before: dict[str, Any]) -> None:
        was_enabled = before["enabled"]
        if row.enabled:
            row.disabled_reason = None
        if row.trigger != before["trigger"]:
            row.next_run_at = None
        self._settle(row)
        await self.rows.save(row)
        if was_enabled and not row.enabled:
            await RunRepository(self.uow, row.id).cancel_open("the rule was disabled")
        await self._keep(row, change)
        self._record(change, row, before)
        self.uow.tag(row.version)

    def _settle(self, row: Rule) -> None:
        """Keep the times of a rule in step with whether it is enabled and what it says."""
        if not row.enabled:
            row.enabled_at = row.next_run_at = None
            return
        row.enabled_at = row.enabled_at or self.uow.now
        schedule = row.trigger.get("schedule")
        if schedule is None:
            row.next_run_at = None
        elif row.next_run_at is None:
            row.next_run_at = next_time(Schedule.model_validate(schedule), self.uow.now)

    async def _keep(self, row: Rule, change: str) -> None:
        """Write what the rule says from now on."""
        said = (
            "name",
            "description",
            "enabled",
            "trigger",
            "object_type",
            "conditions",
            "actions",
            "permissions",
        )
        version = RuleVersion(
            rule_id=row.id,
            number=row.version,
            change=change,
            changed_by_id=self.uow.actor.user_id,
            owner_id=row.owner_id,
            **{name: getattr(row, name) for name in said},
        )
        await VersionRepository(self.uow, row.id).add(version)

    async def _time_zone(self, body: BaseModel) -> str | None:
        """The time zone of the business where a schedule needs it; asked before any statement."""
        trigger = getattr(body, "trigger", None)
        actor = self.uow.actor
        if (
            not isinstance(trigger, ScheduleTrigger)
            or trigger.schedule.frequency is None
            or trigger.schedule.time_zone is not None
            or actor.user_id is None
        ):
            return None
        return (await standing_of(self.uow.context, self.uow.tenant_id, actor.user_id)).time_zone


def _zoned(trigger: Any, zone: str | None) -> Any:
    """A trigger whose schedule says its time zone."""
    if zone is None or not isinstance(trigger, ScheduleTrigger):
        return trigger
    schedule = trigger.schedule.model_copy(update={"time_zone": zone})
    return trigger.model_copy(update={"schedule": schedule})
