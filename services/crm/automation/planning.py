"""What an action would do, now and to this object: its texts filled in, its people found. Nothing is changed here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.errors import ValidationFailed
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
    Wait,
)
from services.crm.automation.conditions import judge
from services.crm.automation.durations import length_of
from services.crm.automation.objects import OBJECTS
from services.crm.automation.vocabulary import Facts, Vocabulary

_NAME, _SUBJECT, _TEXT, _TAG = 200, 200, 10_000, 50


class NothingToActOn(ValidationFailed):
    """The run has no object, or the placeholder of a person or an address is empty for it."""

    slug = "nothing-to-act-on"
    title = "There is nothing to act on"


@dataclass(frozen=True, slots=True)
class Situation:
    """A run at one moment: its object, what can be said of it, and the time."""

    words: Vocabulary
    facts: Facts
    object_type: str | None
    object_id: UUID | None

    @property
    def now(self) -> datetime:
        """The time of the moment."""
        return self.facts.now

    @property
    def about(self) -> tuple[str, UUID]:
        """The type and id of the object.

        Raises:
            NothingToActOn: there is none.
        """
        if self.object_type is None or self.object_id is None:
            raise NothingToActOn("The run is about nothing that could be acted on.")
        return self.object_type, self.object_id

    def fill(self, text: str, most: int) -> str:
        """A text with its placeholders filled in."""
        return templates.fill(text, self.words, self.facts, most)


def plan(action: Any, at: Situation) -> dict[str, Any]:
    """What an action would do, as JSON values.

    Raises:
        NothingToActOn: what it takes is not there.
    """
    match action:
        case CreateTask():
            return _task(action, at)
        case UpdateField():
            return {**_about(at), "field": action.field, "value": _value(action, at)}
        case AssignOwner():
            owner = _person(action.owner_id, at)
            if owner is None:
                raise NothingToActOn("The placeholder of the owner is empty.")
            return {**_about(at), "field": OBJECTS[at.about[0]].owner, "value": str(owner)}
        case AddTag():
            return {**_about(at), "tag": at.fill(action.tag, _TAG)}
        case MoveDeal():
            return {**_about(at), "stage_id": str(action.stage_id)}
        case PostMessage():
            mentions = [str(one) for person in action.mentions if (one := _person(person, at))]
            return {**_about(at), "text": at.fill(action.text, _TEXT), "mentions": mentions}
        case SendNotification():
            people = {str(one) for person in action.user_ids if (one := _person(person, at))}
            if not people:
                raise NothingToActOn("The placeholders of those to be told are empty.")
            text = at.fill(action.text, _TEXT) if action.text else ""
            return {"user_ids": sorted(people), "title": at.fill(action.title, _SUBJECT), "text": text}
        case SendEmail():
            address = at.fill(action.to, 320).strip()
            if "@" not in address:
                raise NothingToActOn("The placeholder of the address is empty.")
            return {
                "to": address,
                "subject": at.fill(action.subject, _SUBJECT),
                "text": at.fill(action.text, _TEXT),
            }
        case Wait():
            return {"until": (at.now + length_of(action.for_)).isoformat()}
        case StopIf():
            return {"stops": judge(action.conditions, at.words, at.facts).holds}
    raise AssertionError(f"an action of an unknown type: {type(action)}")


def until(planned: dict[str, Any]) -> datetime:
    """When a wait that was planned ends."""
    return datetime.fromisoformat(planned["until"])


def _about(at: Situation) -> dict[str, Any]:
    object_type, object_id = at.about
    return {"object_type": object_type, "object_id": str(object_id)}


def _task(action: CreateTask, at: Situation) -> dict[str, Any]:
    assignee = _person(action.assignee_id, at) if action.assignee_id else None
    due_at: datetime | None = at.now + length_of(action.due_in) if action.due_in is not None else None
    description = at.fill(action.description, _TEXT) if action.description else None
    found = at.facts.values.get(at.object_type or "") or {}
    links = {name: found.get(name) for name in ("deal_id", "company_id", "contact_id")}
    if at.object_type in ("deal", "company", "contact"):
        links[f"{at.object_type}_id"] = at.object_id
    return {
        "name": at.fill(action.name, _NAME),
        "description": description,
        "assignee_id": str(assignee) if assignee else None,
        "due_at": due_at.isoformat() if due_at else None,
        "priority": action.priority,
        "tags": list(action.tags),
        **{name: str(link) if link else None for name, link in links.items()},
    }


def _value(action: UpdateField, at: Situation) -> Any:
    if isinstance(action.value, str) and templates.has_placeholders(action.value):
        return at.fill(action.value, _TEXT)
    return action.value


def _person(person: str, at: Situation) -> UUID | None:
    placeholder = templates.only(person)
    if placeholder is None:
        return UUID(person)
    found = at.facts.value(at.words.resolve(placeholder))
    return UUID(str(found)) if found else None


def pause(attempts: int, first_seconds: float, longest: timedelta = timedelta(hours=1)) -> timedelta:
    """How long to wait after so many attempts that failed: each time twice as long."""
    return min(longest, timedelta(seconds=first_seconds * 2 ** max(0, attempts - 1)))
