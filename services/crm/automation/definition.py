"""What a rule says, read and checked: its trigger, conditions and actions, and the permissions that it takes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from services.crm.automation.actions import Action, PostMessage, to_json
from services.crm.automation.checking import check_action, permission_of
from services.crm.automation.conditions import Condition, check
from services.crm.automation.durations import seconds_of
from services.crm.automation.errors import InvalidAction, LimitExceeded
from services.crm.automation.hearing import CHANGED, HEARD, wire_name_of
from services.crm.automation.objects import OBJECTS
from services.crm.automation.triggers import EventTrigger, ScheduleTrigger, Trigger
from services.crm.automation.vocabulary import Vocabulary

MAX_ACTIONS = 20
SHORTEST_FOR_ALL_SECONDS = 3600
# Definitions are kept as they were read, by their text; longer ones are few, and are read each time.
_KEPT, _KEPT_CHARACTERS = 256, 8_000
_ACTIONS: TypeAdapter[list[Any]] = TypeAdapter(list[Action])
_TRIGGER: TypeAdapter[Any] = TypeAdapter(Trigger)


@dataclass(frozen=True)
class Definition:
    """A rule's own words, all of which are known to make sense."""

    trigger: Any
    object_type: str | None
    event: str | None
    conditions: Condition | None
    actions: tuple[Any, ...]

    @property
    def words(self) -> Vocabulary:
        """What it can speak of."""
        return Vocabulary.of(self.object_type, self.event)

    @property
    def permissions(self) -> list[str]:
        """What it takes to see what it is about and to do what it does."""
        found = {permission_of(action, self.object_type) for action in self.actions}
        if self.object_type is not None:
            found.add(OBJECTS[self.object_type].read)
        if self.event is not None:
            found.add(HEARD[self.event].permission)
        return sorted(permission for permission in found if permission is not None)

    def columns(self) -> dict[str, Any]:
        """The columns of a rule that says this."""
        return {
            "trigger": self.trigger.model_dump(mode="json", exclude_none=True),
            "trigger_type": self.trigger.type,
            "event": self.event,
            "object_type": self.object_type,
            "conditions": self.conditions.to_json() if self.conditions else None,
            "actions": [to_json(action) for action in self.actions],
            "permissions": self.permissions,
        }


def define(trigger: Any, conditions: Condition | None, actions: Sequence[Any]) -> Definition:
    """A definition from the parts of a body.

    Raises:
        UnknownEvent, UnknownField, InvalidCondition, InvalidAction, LimitExceeded: a part does not fit the others.
    """
    if len(actions) > MAX_ACTIONS:
        raise LimitExceeded(
            f"At most {MAX_ACTIONS} actions; let a second rule go on, started by what this one does.",
            limit=MAX_ACTIONS,
            what="actions",
            errors=[{"loc": ["body", "actions"], "msg": f"more than {MAX_ACTIONS}", "type": "too_long"}],
        )
    event, object_type = None, trigger.object_type
    if isinstance(trigger, EventTrigger):
        event = wire_name_of(trigger.event)
        object_type = _object_of(event, object_type)
        trigger = trigger.model_copy(update={"event": event, "object_type": object_type})
    if isinstance(trigger, ScheduleTrigger):
        _check_schedule(trigger, actions)
    words = Vocabulary.of(object_type, event)
    checked = check(conditions, words, "conditions") if conditions is not None else None
    done = tuple(check_action(action, words, n) for n, action in enumerate(actions))
    return Definition(trigger, object_type, event, checked, done)


def _object_of(event: str, said: str | None) -> str | None:
    heard = HEARD[event]
    if heard.type_field is not None:
        if said is None and heard.event is CHANGED:
            raise _object_type(f"{event} is about things of several kinds: say which in object_type.")
        return said
    own = heard.noun if heard.noun in OBJECTS else None
    if said is not None and said != own:
        raise _object_type(f"{event} is about a {heard.noun}.")
    return own


def _check_schedule(trigger: ScheduleTrigger, actions: Sequence[Any]) -> None:
    every = trigger.schedule.every
    if trigger.object_type is None and any(isinstance(action, PostMessage) for action in actions):
        raise _object_type("A schedule without object_type is about nothing that messages could be on.")
    if trigger.object_type is not None and every is not None and seconds_of(every) < SHORTEST_FOR_ALL_SECONDS:
        detail = "A rule that looks at all things of a kind runs once an hour at most."
        errors = [{"loc": ["body", "trigger", "schedule", "every"], "msg": detail, "type": "too_often"}]
        raise InvalidAction(detail, errors=errors)


def _object_type(detail: str) -> InvalidAction:
    errors = [{"loc": ["body", "trigger", "object_type"], "msg": detail, "type": "object_type"}]
    return InvalidAction(detail, errors=errors)


def stored(row: Any) -> Definition:
    """The definition that a row holds, a rule or one of its versions."""
    text = json.dumps([row.trigger, row.object_type, row.conditions, row.actions])
    return _kept(text) if len(text) <= _KEPT_CHARACTERS else _read(text)


def _read(text: str) -> Definition:
    said, object_type, compared, actions = json.loads(text)
    trigger = _TRIGGER.validate_python(said)
    conditions = Condition.model_validate(compared) if compared else None
    event = trigger.event if isinstance(trigger, EventTrigger) else None
    return Definition(trigger, object_type, event, conditions, tuple(_ACTIONS.validate_python(actions)))


_kept = lru_cache(maxsize=_KEPT)(_read)


def joined(conditions: Condition | Iterable[Condition] | None) -> Condition | None:
    """Conditions as one: of a list, all must hold."""
    if conditions is None or isinstance(conditions, Condition):
        return conditions
    parts = list(conditions)
    return Condition.model_validate({"and": parts}) if parts else None
