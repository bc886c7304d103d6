"""How one field is compared: the operators that fit its kind, the values that fit these, and whether it holds."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from libs.common.money import Money
from services.crm.automation.durations import length_of
from services.crm.automation.fields import FieldType, Kind

_SET = ("is_set", "is_not_set")
_SAME = ("eq", "ne", "in", "not_in")
_ORDER = ("gt", "gte", "lt", "lte")
_LIKE = ("contains", "not_contains", "starts_with", "ends_with")
_ANY_OF = frozenset({"in", "not_in"})
_DENIALS = {"ne": "eq", "not_in": "in", "not_contains": "contains", "is_not_set": "is_set"}
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*_SAME, *_ORDER, *_LIKE, *_SET),
    Kind.CHOICE: (*_SAME, *_SET),
    Kind.NUMBER: (*_SAME, *_ORDER, *_SET),
    Kind.MONEY: (*_SAME, *_ORDER, *_SET),
    Kind.TRUTH: ("eq", "ne", *_SET),
    Kind.TIME: ("eq", "ne", *_ORDER, *_SET),
    Kind.DATE: ("eq", "ne", *_ORDER, *_SET),
    Kind.ID: (*_SAME, *_SET),
    Kind.LIST: ("contains", "not_contains", *_SET),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: bool(one == other),
    "gt": lambda one, other: bool(one > other),
    "gte": lambda one, other: bool(one >= other),
    "lt": lambda one, other: bool(one < other),
    "lte": lambda one, other: bool(one <= other),
    "contains": lambda one, other: other in one,
    "starts_with": lambda one, other: bool(one.startswith(other)),
    "ends_with": lambda one, other: bool(one.endswith(other)),
}


def operators_of(kind: FieldType) -> tuple[str, ...]:
    """The operators by which a field of a kind is compared."""
    return OPERATORS[kind.kind]


def fits(kind: FieldType, operator: str, value: Any) -> str | None:
    """What is wrong with a value for this comparison; None where it fits."""
    if operator in _SET:
        return None if value is None or value is True else "is left out"
    if operator in _ANY_OF:
        if not isinstance(value, list) or not 1 <= len(value) <= 100:
            return "must be a list of 1 to 100"
        return next((problem for one in value if (problem := _fits_one(kind, one))), None)
    if value is None:
        return None if operator in ("eq", "ne") else "must not be null"
    return _fits_one(kind, value)


def holds_such(kind: FieldType, value: Any) -> str | None:
    """What is wrong with a value that a field is supposed to hold; None where such a field holds such values."""
    match kind.kind:
        case Kind.MONEY:
            return None if _is_valid(Money, value) else "must be an amount in minor units with its currency"
        case Kind.LIST:
            return None if _is_valid(list[str], value) else "must be a list of texts"
        case Kind.ID:
            return None if _is_valid(UUID, value) else "must be an id"
        case Kind.TEXT:
            return None if isinstance(value, str) else "must be a text"
    return _fits_one(kind, value)


def _is_valid(wanted: Any, value: Any) -> bool:
    """Whether a JSON value is one of a type."""
    try:
        TypeAdapter(wanted).validate_python(value)
    except ValidationError:
        return False
    return True


def _fits_one(kind: FieldType, value: Any) -> str | None:
    match kind.kind:
        case Kind.NUMBER | Kind.MONEY:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return None if is_number else "must be a number (of money: minor units)"
        case Kind.TRUTH:
            return None if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, str) or len(value) > 1000:
        return "must be a text of at most 1,000 characters"
    if kind.kind is Kind.CHOICE and kind.choices and value not in kind.choices:
        return f"must be one of {', '.join(kind.choices)}"
    if kind.kind in (Kind.TIME, Kind.DATE):
        try:
            _moment(value, datetime.now(UTC))
        except ValueError:
            return "must be a time of RFC 3339, a date, or now, now-7d, now+2h"
    return None


def holds_for(kind: FieldType, operator: str, actual: Any, value: Any, now: datetime) -> bool:
    """Whether a comparison holds. A field that is not set equals null only, and is neither less nor more than anything."""
    if operator in _DENIALS:
        return not holds_for(kind, _DENIALS[operator], actual, value, now)
    is_set = actual is not None and actual not in ("", [])
    if operator == "is_set":
        return is_set
    if value is None:
        return not is_set
    if actual is None:
        return False
    if operator == "in":
        return any(holds_for(kind, "eq", actual, one, now) for one in value)
    if kind.kind is Kind.LIST:
        return any(_text(one) == _text(value) for one in actual)
    return _COMPARE[operator](_plain(kind, actual, now), _plain(kind, value, now))


def _plain(kind: FieldType, value: Any, now: datetime) -> Any:
    """A value in the form in which two of its kind are compared; texts without regard to case."""
    match kind.kind:
        case Kind.MONEY:
            return value["amount"] if isinstance(value, dict) else value
        case Kind.TIME | Kind.DATE:
            return _moment(value, now)
        case Kind.NUMBER | Kind.TRUTH:
            return value
    return _text(value)


def _text(value: Any) -> str:
    return str(value).casefold()


def _moment(value: Any, now: datetime) -> datetime:
    """A time, a date (its first moment, UTC), or one that is told from now."""
    if isinstance(value, str):
        text = value.strip().lower().replace(" ", "")
        if text == "now":
            return now
        if text.startswith(("now-", "now+")):
            length = length_of(text[4:])
            return now - length if text[3] == "-" else now + length
        value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime) and isinstance(value, date):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    found: datetime = value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
