"""Runs that somebody asks for: by hand, and dry ones, which say what would be done and do nothing."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, NotFound, ValidationFailed
from libs.common.ids import new_id
from services.crm.automation.advancing import problem_of
from services.crm.automation.comparing import holds_such
from services.crm.automation.conditions import judge
from services.crm.automation.definition import stored
from services.crm.automation.errors import RuleDisabled, UnknownField
from services.crm.automation.fields import look_up
from services.crm.automation.hearing import HEARD
from services.crm.automation.models import Rule, Run
from services.crm.automation.objects import OBJECTS, read_object
from services.crm.automation.planning import Situation, plan
from services.crm.automation.repository import RuleRepository
from services.crm.automation.schemas import DryRunIn, RunIn
from services.crm.automation.service import RuleService
from services.crm.automation.starting import Cause, start
from services.crm.automation.vocabulary import Facts, Vocabulary


class RunService:
    """Runs of a rule that a caller asks for."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rules = RuleService(uow)

    async def run(self, rule_id: UUID, body: RunIn) -> Run:
        """Begin a run on a thing.

        Raises:
            NotFound: there is no such rule, or thing.
            RuleDisabled: it does not run now.
            PermissionDenied: the caller lacks what the rule takes, so he may not have it act for him either.
        """
        rule = await RuleRepository(self.uow).shared(rule_id)
        if rule is None:
            raise NotFound("There is no such automation_rule.", resource="automation_rule")
        if not rule.enabled:
            raise RuleDisabled("Enable it first.")
        self.rules.require(rule.permissions)
        object_type, _ = await self._object(rule, body, None)
        cause = Cause(
            trigger_type="manual",
            id=new_id(),
            story=self.uow.correlation_id or str(new_id()),
            object_type=object_type,
            object_id=body.object_id if object_type else None,
            started_by_id=self.uow.actor.user_id,
        )
        run = await start(self.uow, rule, cause)
        assert run is not None, "a run that somebody asked for is kept even where it was skipped"
        await self.uow.flush()
        return await self.rules.run(rule_id, run.id)

    async def dry_run(self, rule_id: UUID, body: DryRunIn) -> dict[str, Any]:
        """What a run would do now to a thing, or of an event that would say this.

        Raises:
            NotFound: there is no such rule, or thing.
            UnknownField: the event says no such thing. ValidationFailed: not in such a form.
        """
        rule = await self.rules.get(rule_id)
        event, supposed = self._event(rule, body)
        object_type, found = await self._object(rule, body, supposed)
        definition = stored(rule)
        words = Vocabulary.of(definition.object_type or object_type, definition.event)
        facts = Facts.of(
            self.uow.now,
            rule={"id": rule.id, "name": rule.name},
            object_type=object_type or words.object_type,
            found=found,
            event=event,
        )
        object_id = body.object_id or (supposed[1] if supposed else None)
        at = Situation(words, facts, object_type, object_id)
        outcome = judge(definition.conditions, words, facts)
        return {
            "would_run": outcome.holds,
            "conditions": outcome,
            "actions": [_outcome(n, action, at) for n, action in enumerate(definition.actions)],
            "object_type": object_type,
            "object_id": object_id,
            "version": rule.version,
            "lacking_permissions": sorted(self.uow.actor.lacks(rule.permissions)),
        }

    def _event(self, rule: Rule, body: DryRunIn) -> tuple[dict[str, Any] | None, tuple[str, UUID] | None]:
        """The event that is supposed, and what it is about, where that is a thing of this service."""
        if rule.event is None:
            if body.event is not None:
                raise ValidationFailed.of("event", "the rule hears no event")
            return None, None
        heard, said = HEARD[rule.event], dict(body.event or {})
        known = {name.partition(".")[0] for name in heard.fields} | set(heard.event.model_fields)
        if unknown := sorted(said.keys() - known):
            raise UnknownField(f"{rule.event} has no {unknown[0]}.", field=unknown[0], fields=sorted(known))
        for name, kind in heard.fields.items():
            value = look_up(said, name)
            if value is not None and (problem := holds_such(kind, value)):
                raise ValidationFailed.of(f"event.{name}", problem)
        if body.object_id is not None:
            said.setdefault(heard.id_field, str(body.object_id))
            return said, None
        object_type, object_id = heard.about(said)
        is_ours = object_id is not None and object_type in OBJECTS
        return said, (object_type, object_id) if is_ours else None  # type: ignore[return-value]

    async def _object(
        self, rule: Rule, body: RunIn, supposed: tuple[str, UUID] | None
    ) -> tuple[str | None, dict[str, Any] | None]:
        """The type and fields of the thing that a body names, or that an event would be about."""
        object_type = body.object_type or (supposed[0] if supposed else rule.object_type)
        object_id = body.object_id or (supposed[1] if supposed else None)
        if rule.object_type is not None and object_type != rule.object_type:
            raise ValidationFailed.of("object_type", f"the rule is about a {rule.object_type}")
        if object_id is None:
            if object_type is not None:
                raise ValidationFailed.of("object_id", "name the thing that it is about", "missing")
            return None, None
        if object_type is None:
            raise ValidationFailed.of("object_type", "name the kind of thing that it is about", "missing")
        self.rules.require([OBJECTS[object_type].read])
        found = await read_object(self.uow, object_type, object_id)
        if found is None and body.object_id is not None:
            raise NotFound(f"There is no such {object_type}.", resource=object_type)
        return object_type, found


def _outcome(position: int, action: Any, at: Situation) -> dict[str, Any]:
    would, problem = None, None
    try:
        would = plan(action, at)
    except (AppError, ValueError) as error:
        problem = problem_of(error)
    return {"position": position, "type": action.type, "would": would, "problem": problem}
