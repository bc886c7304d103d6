"""What bodies take, and what the API document says of answers."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema


class Line(Schema):
    """A line."""

    quantity: int = Field(1, ge=1)


class Order(Schema):
    """A body with one field of each kind."""

    count: int | None = None
    ratio: float = 1
    gift: bool = False
    on: date | None = None
    at: AwareDatetime | None = None
    lines: list[Line] = Field(default_factory=list)
    flags: dict[str, dict[str, bool]] = Field(default_factory=dict)


class Typed(Schema):
    """A body with fields whose names mean something to the validator itself."""

    type: int
    schema_: int = 0


class OrderPatch(PatchSchema):
    """Some of its fields."""

    count: int | None = None
    lines: list[Line] = Field(default_factory=list)


@pytest.mark.parametrize(
    "body",
    [
        {"count": "7"},
        {"count": True},
        {"count": 7.0},
        {"ratio": "1"},
        {"ratio": True},
        {"gift": 1},
        {"gift": "yes"},
        {"on": 0},
        {"on": "0"},
        {"on": "1e9"},
        {"at": 5.5},
        {"at": "nan"},
        {"at": True},
        {"lines": [{"quantity": "2"}]},
        {"flags": {"a": {"b": 1}}},
    ],
)
def test_a_value_of_another_type_is_refused_even_if_it_could_be_read(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Order.model_validate(body)
    if "count" in body:
        with pytest.raises(ValidationError):
            OrderPatch.model_validate(body)


def test_a_partial_update_holds_what_was_sent_in_the_form_of_a_whole_body() -> None:
    patch = OrderPatch.model_validate({"count": None, "lines": [{"quantity": 2}]})
    assert patch.changes() == {"count": None, "lines": [{"quantity": 2}]}
    assert OrderPatch().changes() == {}


def test_a_field_may_be_called_type() -> None:
    assert Typed.model_validate({"type": 1}).type == 1
    with pytest.raises(ValidationError):
        Typed.model_validate({"type": "1"})


def test_values_of_the_right_type_are_taken() -> None:
    order = Order.model_validate(
        {
            "count": 7,
            "ratio": 2,
            "gift": True,
            "on": "2026-02-28",
            "at": "2026-02-28T10:00:00+02:00",
            "lines": [{"quantity": 2}],
            "flags": {"a": {"b": True}},
        }
    )
    assert (order.count, order.ratio, order.on) == (7, 2.0, date(2026, 2, 28))
    assert order.at == datetime(2026, 2, 28, 8, tzinfo=UTC)
    assert Order(on=order.on, at=order.at).at == order.at


class Member(OutSchema):
    """An answer whose id is read from another name."""

    id: UUID = Field(validation_alias="user_id")
    name: str


class Since(ListQuery):
    """A list that can be asked for from a moment on."""

    created_at_from: datetime | None = None


@pytest.mark.parametrize("text", ["2026-02-28T10:00:00+02:00", "2026-02-28T08:00:00Z"])
def test_a_time_is_one_of_utc_whatever_offset_it_came_with(text: str) -> None:
    order = Order.model_validate({"at": text})
    since = Since.model_validate({"created_at_from": text})

    assert order.model_dump(mode="json")["at"] == "2026-02-28T08:00:00Z"
    assert since.created_at_from == datetime(2026, 2, 28, 8, tzinfo=UTC)


def test_the_time_of_a_filter_without_an_offset_is_one_of_utc() -> None:
    since = Since.model_validate({"created_at_from": "2026-02-28"})

    assert since.created_at_from == datetime(2026, 2, 28, tzinfo=UTC)


def test_a_field_is_described_by_the_name_it_is_written_with() -> None:
    described = Member.model_json_schema()
    assert list(described["properties"]) == ["id", "name"]
    assert described["required"] == ["id", "name"]


class Stretch(OutSchema):
    """An answer with a field that is written by another name, and an example of its own."""

    model_config = ConfigDict(json_schema_extra={"example": {"from": "2026-01-01T00:00:00Z"}})

    date_from: datetime = Field(serialization_alias="from")


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_field_that_is_written_by_another_name_is_described_by_that(mode: Any) -> None:
    described = Stretch.model_json_schema(mode=mode)
    assert (list(described["properties"]), described["required"]) == (["from"], ["from"])


def test_the_validator_does_not_grow_each_time_a_model_is_used_in_another() -> None:
    class Moment(Schema):
        at: datetime

    def size() -> int:
        return repr(Moment.__pydantic_core_schema__).count("_not_a_number")

    Moment.model_rebuild()
    first = size()
    for _ in range(5):
        TypeAdapter(create_model("Holder", __base__=Schema, moment=(Moment, ...))).rebuild()
    assert first == size() == 1


@pytest.mark.parametrize("base", [Schema, OutSchema])
def test_whatever_holds_a_body_shares_its_validator(base: Any) -> None:
    part = create_model("Part", __base__=base, name=(str, ...))
    whole = create_model("Whole", __base__=base, part=(part, ...), others=(list[part], ...))

    for held in (part, list[part], whole, list[whole]):
        adapter: TypeAdapter[Any] = TypeAdapter(held)
        adapter.rebuild()
        assert "PrebuiltValidator" in repr(adapter.validator)
        assert "ModelFieldsValidator" not in repr(adapter.validator)


class Branch(Schema):
    """Holds others of its kind."""

    at: datetime
    branches: list["Branch"] = []


def test_a_body_may_hold_bodies_of_its_own_kind() -> None:
    below = {"at": "2026-01-01T00:00:00Z"}
    taken = TypeAdapter(list[Branch]).validate_python([{**below, "branches": [below]}])

    assert taken[0].branches[0].at == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValidationError):
        TypeAdapter(list[Branch]).validate_python([{**below, "branches": [{"at": 0}]}])
