"""Whether an action makes sense for what a rule is about, and the permission that it takes."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.crm.automation import templates
from services.crm.automation.actions import (
    AddTag,
    AssignOwner,
    CreateTask,
    MoveDeal,
    PostMessage,
    SendEmail,
    SendNotification,
    StopIf,
    UpdateField,
)
from services.crm.automation.conditions import check
from services.crm.automation.errors import InvalidAction
from services.crm.automation.fields import Kind
from services.crm.automation.objects import OBJECTS
from services.crm.automation.vocabulary import Vocabulary

_SENDING = "notifications.messages.write"
# The fields of each action that are texts with placeholders.
_TEXTS: dict[type[Any], tuple[str, ...]] = {
    CreateTask: ("name", "description"),
    AddTag: ("tag",),
    PostMessage: ("text",),
    SendNotification: ("title", "text"),
    SendEmail: ("to", "subject", "text"),
}
_ABOUT_AN_OBJECT = (UpdateField, AssignOwner, AddTag, MoveDeal)


def permission_of(action: Any, object_type: str | None) -> str | None:
    """What its owner must hold for an action; None for one that does nothing."""
    match action:
        case CreateTask():
            return "crm.tasks.write"
        case PostMessage():
            return "crm.chat.write"
        case SendNotification() | SendEmail():
            return _SENDING
        case UpdateField() | AssignOwner() | AddTag() | MoveDeal():
            return OBJECTS[object_type].write if object_type else None
    return None


def check_action(action: Any, words: Vocabulary, position: int) -> Any:
    """The action, found to make sense.

    Raises:
        UnknownField: a placeholder or condition names what there is not.
        InvalidAction: it cannot be done to what the rule is about.
    """
    place = ("actions", position)
    if isinstance(action, _ABOUT_AN_OBJECT):
        if words.object_type is None:
            raise _refused("name what the rule is about in trigger.object_type", position, "type")
        if isinstance(action, MoveDeal) and words.object_type != "deal":
            raise _refused("only deals are moved", position, "type")
    for name in _TEXTS.get(type(action), ()):
        text = getattr(action, name)
        if text is not None:
            templates.check(text, words, *place, name)
    if isinstance(action, StopIf):
        return action.model_copy(update={"conditions": check(action.conditions, words, *place, "conditions")})
    if isinstance(action, UpdateField):
        _check_field(action, words, position)
    for name, people in _people(action).items():
        for person in people:
            _check_person(person, words, position, name)
    if isinstance(action, SendEmail) and not templates.has_placeholders(action.to) and "@" not in action.to:
        raise _refused("to must be an address, or a placeholder of one", position, "to")
    return action


def _check_field(action: UpdateField, words: Vocabulary, position: int) -> None:
    kind = OBJECTS[words.object_type or ""]
    known = kind.changed.model_fields
    if action.field not in known:
        raise _refused(
            f"a {words.object_type} has no field {action.field} that can be changed; there are {', '.join(known)}",
            position,
            "field",
            fields=sorted(known),
        )
    if isinstance(action.value, str) and templates.has_placeholders(action.value):
        templates.check(action.value, words, "actions", position, "value")
        return
    try:
        kind.changed.model_validate({action.field: action.value})
    except ValidationError as error:
        said = "; ".join(str(one["msg"]) for one in error.errors()[:3])
        raise _refused(f"{action.field} does not take this value: {said}", position, "value") from None


def _people(action: Any) -> dict[str, list[str]]:
    match action:
        case CreateTask():
            return {"assignee_id": [action.assignee_id] if action.assignee_id else []}
        case AssignOwner():
            return {"owner_id": [action.owner_id]}
        case PostMessage():
            return {"mentions": action.mentions}
        case SendNotification():
            return {"user_ids": action.user_ids}
    return {}


def people_named(action: Any) -> dict[str, list[UUID]]:
    """The colleagues whom an action names by their ids."""
    return {
        name: [UUID(person) for person in people if templates.only(person) is None]
        for name, people in _people(action).items()
    }


def _check_person(person: str, words: Vocabulary, position: int, name: str) -> None:
    placeholder = templates.only(person)
    if placeholder is not None:
        field = words.resolve(placeholder, "actions", position, name)
        if words.fields[field].kind is not Kind.ID:
            raise _refused(f"{field} holds no id", position, name)
        return
    try:
        UUID(person)
    except ValueError:
        raise _refused(
            "must be the id of a colleague, or a placeholder such as {deal.owner_id}", position, name
        ) from None


def _refused(detail: str, position: int, name: str, **extra: Any) -> InvalidAction:
    errors = [{"loc": ["body", "actions", position, name], "msg": detail, "type": "invalid_action"}]
    return InvalidAction(f"Action {position}: {detail}.", position=position, errors=errors, **extra)
