"""What a rule can speak of: the fields of its object and of its event, and their values at one moment."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from libs.common.money import Money
from services.crm.automation.errors import UnknownField
from services.crm.automation.fields import FieldType, Kind, fields_of, look_up
from services.crm.automation.hearing import HEARD
from services.crm.automation.objects import OBJECTS

_RULE = {"rule.id": FieldType(kind=Kind.ID), "rule.name": FieldType(kind=Kind.TEXT)}


@dataclass(frozen=True)
class Vocabulary:
    """The fields of the things of one type and of one kind of event; either may be absent."""

    object_type: str | None = None
    event: str | None = None
    fields: dict[str, FieldType] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, object_type: str | None, event: str | None) -> "Vocabulary":
        """The vocabulary of a trigger; nobody changes it, since it is kept."""
        return _vocabulary(object_type, event)

    def resolve(self, name: str, *place: str | int) -> str:
        """The whole name of a field, of one that may be written without what it is of.

        `deal.amount` may be `amount` or `object.amount`; `event.number` of an order `order.number`.

        Raises:
            UnknownField: there is none.
        """
        for candidate in self._candidates(name):
            if candidate in self.fields:
                return candidate
        raise UnknownField(
            f"There is no field {name}. There are: {', '.join(sorted(self.fields))}.",
            field=name,
            fields=sorted(self.fields),
            errors=[{"loc": ["body", *place], "msg": "there is no such field", "type": "unknown_field"}],
        )

    def _candidates(self, name: str) -> list[str]:
        found = [name]
        head, _, rest = name.partition(".")
        if head == "object" and self.object_type:
            found.append(f"{self.object_type}.{rest}")
        if self.event is not None and head == HEARD[self.event].noun:
            found.append(f"event.{rest}")
        if self.object_type:
            found.append(f"{self.object_type}.{name}")
        return [*found, f"event.{name}"]


@lru_cache(maxsize=64)
def _vocabulary(object_type: str | None, event: str | None) -> Vocabulary:
    found = dict(_RULE)
    if object_type in OBJECTS:
        found |= fields_of(OBJECTS[object_type].shown, f"{object_type}.")
    if event is not None:
        found |= {f"event.{name}": kind for name, kind in HEARD[event].fields.items()}
    return Vocabulary(object_type, event, found)


@dataclass(frozen=True)
class Facts:
    """The values of the fields at one moment, by their whole names."""

    values: dict[str, Any]
    now: datetime

    @classmethod
    def of(
        cls,
        now: datetime,
        *,
        rule: dict[str, Any],
        object_type: str | None = None,
        found: dict[str, Any] | None = None,
        event: dict[str, Any] | None = None,
    ) -> "Facts":
        """The facts about a thing (absent where it is gone) and an event."""
        values: dict[str, Any] = {"rule": rule, "event": event or {}}
        if object_type is not None:
            values[object_type] = found or {}
        return cls(values, now)

    def value(self, name: str) -> Any:
        """What a field holds; None where nothing is known of it."""
        return look_up(self.values, name)

    def text(self, name: str) -> str:
        """What a field holds, as people read it."""
        return _text(self.value(name))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return str(Money(**value))
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float | UUID) else ""
