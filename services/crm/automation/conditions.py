"""Conditions: comparisons of fields, joined by and, or and not. Pure: what holds depends on the facts alone."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from libs.common.schema import OutSchema, Schema
from services.crm.automation.comparing import fits, holds_for, operators_of
from services.crm.automation.errors import InvalidCondition, LimitExceeded
from services.crm.automation.fields import FieldType
from services.crm.automation.vocabulary import Facts, Vocabulary

MAX_DEPTH, MAX_COMPARISONS = 5, 50
Operator = Literal[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "is_set",
    "is_not_set",
]
_COMPARISON: JsonDict = {"field": "deal.amount", "operator": "gte", "value": 100000}
Value = str | int | float | bool | list[str | int | float | bool] | None


class Condition(Schema):
    """Either a comparison (`field`, `operator`, `value`), or others joined by `and`, `or` or `not`."""

    model_config = ConfigDict(json_schema_extra={"example": _COMPARISON})

    field: Annotated[str, Field(min_length=1, max_length=120, examples=["deal.amount"])] | None = None
    operator: Operator | None = Field(None, validation_alias=AliasChoices("operator", "op"))
    value: Value = None
    and_: Annotated[list["Condition"], Field(min_length=1, max_length=50)] | None = Field(
        None, validation_alias=AliasChoices("and", "all"), serialization_alias="and"
    )
    or_: Annotated[list["Condition"], Field(min_length=1, max_length=50)] | None = Field(
        None, validation_alias=AliasChoices("or", "any"), serialization_alias="or"
    )
    not_: "Condition | None" = Field(None, validation_alias="not", serialization_alias="not")

    @model_validator(mode="after")
    def _is_one(self) -> "Condition":
        said = [part for part in (self.field, self.and_, self.or_, self.not_) if part is not None]
        if len(said) != 1:
            raise ValueError("is either a field with an operator, or one of and, or, not")
        if (self.field is None) != (self.operator is None):
            raise ValueError("a field and an operator belong together")
        if self.field is None and self.value is not None:
            raise ValueError("only a comparison has a value")
        return self

    def to_json(self) -> dict[str, Any]:
        """As it is kept and shown: what was not said is left out."""
        if self.and_ is not None:
            return {"and": [part.to_json() for part in self.and_]}
        if self.or_ is not None:
            return {"or": [part.to_json() for part in self.or_]}
        if self.not_ is not None:
            return {"not": self.not_.to_json()}
        found = {"field": self.field, "operator": self.operator}
        return found if self.operator in ("is_set", "is_not_set") else {**found, "value": self.value}


class Outcome(OutSchema):
    """Whether a condition holds, with what it is made of. `actual` is what the field held."""

    model_config = ConfigDict(json_schema_extra={"example": {**_COMPARISON, "holds": True, "actual": 250000}})

    holds: bool
    field: str | None = None
    operator: str | None = None
    value: Any = None
    actual: Any = None
    and_: list["Outcome"] | None = Field(None, serialization_alias="and")
    or_: list["Outcome"] | None = Field(None, serialization_alias="or")
    not_: "Outcome | None" = Field(None, serialization_alias="not")


def check(condition: Condition, words: Vocabulary, *place: str | int) -> Condition:
    """The condition with whole names of fields and values that fit them.

    Raises:
        UnknownField: a field is none of the vocabulary.
        InvalidCondition: an operator or value does not fit its field.
        LimitExceeded: it is nested too deeply, or has too many comparisons.
    """
    deepest, count = _size(condition)
    for found, most, what in (
        (deepest, MAX_DEPTH, "levels of conditions"),
        (count, MAX_COMPARISONS, "comparisons"),
    ):
        if found > most:
            raise LimitExceeded(
                f"At most {most} {what}; split the rule in two, or join comparisons with `in`.",
                limit=most,
                what=what,
                errors=[{"loc": ["body", *place], "msg": f"more than {most} {what}", "type": "too_many"}],
            )
    return _checked(condition, words, place)


def _size(condition: Condition) -> tuple[int, int]:
    inner = [_size(part) for part in _parts(condition)]
    if condition.field is not None:
        return 0, 1
    return 1 + max(depth for depth, _ in inner), sum(count for _, count in inner)


def _parts(condition: Condition) -> Iterator[Condition]:
    yield from condition.and_ or condition.or_ or ()
    if condition.not_ is not None:
        yield condition.not_


def _checked(condition: Condition, words: Vocabulary, place: tuple[str | int, ...]) -> Condition:
    def each(parts: list[Condition] | None, name: str) -> list[Condition] | None:
        if parts is None:
            return None
        return [_checked(part, words, (*place, name, n)) for n, part in enumerate(parts)]

    if condition.field is None:
        inner = condition.not_ and _checked(condition.not_, words, (*place, "not"))
        return condition.model_copy(
            update={"and_": each(condition.and_, "and"), "or_": each(condition.or_, "or"), "not_": inner}
        )
    name = words.resolve(condition.field, *place, "field")
    kind = words.fields[name]
    operator = condition.operator or "eq"
    allowed = operators_of(kind)
    if operator not in allowed:
        raise _refused(f"{name} is compared by {', '.join(allowed)}.", kind, (*place, "operator"))
    if problem := fits(kind, operator, condition.value):
        raise _refused(f"{name} is a {kind.kind}: the value {problem}.", kind, (*place, "value"))
    return condition.model_copy(update={"field": name})


def _refused(detail: str, kind: FieldType, place: tuple[str | int, ...]) -> InvalidCondition:
    return InvalidCondition(
        detail,
        operators=list(operators_of(kind)),
        kind=kind.kind,
        errors=[{"loc": ["body", *place], "msg": detail, "type": "invalid_condition"}],
    )


def judge(condition: Condition | None, words: Vocabulary, facts: Facts) -> Outcome:
    """Whether a checked condition holds, and each of its parts. None at all always holds."""
    if condition is None:
        return Outcome(holds=True)
    if condition.and_ is not None:
        found = [judge(part, words, facts) for part in condition.and_]
        return Outcome(holds=all(part.holds for part in found), and_=found)
    if condition.or_ is not None:
        found = [judge(part, words, facts) for part in condition.or_]
        return Outcome(holds=any(part.holds for part in found), or_=found)
    if condition.not_ is not None:
        inner = judge(condition.not_, words, facts)
        return Outcome(holds=not inner.holds, not_=inner)
    name, operator = condition.field or "", condition.operator or "eq"
    actual = facts.value(name)
    kind = words.fields.get(name)
    return Outcome(
        holds=kind is not None and holds_for(kind, operator, actual, condition.value, facts.now),
        field=name,
        operator=operator,
        value=condition.value,
        actual=actual,
    )


def names_in(condition: Condition | None) -> set[str]:
    """The fields that a condition compares, as they are written."""
    if condition is None:
        return set()
    if condition.field is not None:
        return {condition.field}
    return set().union(*(names_in(part) for part in _parts(condition)))


Condition.model_rebuild()
Outcome.model_rebuild()
