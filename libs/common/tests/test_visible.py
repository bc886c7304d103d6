"""Texts that must not be empty show something."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from libs.common.schema import PatchSchema, Schema

Name = Annotated[str, Field(min_length=1, max_length=50)]


class Named(Schema):
    """A body with names, and with a text that may be empty."""

    name: Name
    tags: list[Name] = Field(default_factory=list)
    note: str = ""


class Renamed(PatchSchema):
    """A body that names something anew, or not."""

    name: Name | None = None


@pytest.mark.parametrize(
    "name",
    [
        "\u200b",
        "\u200c\u200d\u2060\ufeff",
        "\u202e\u2066 \u2069\u200f\u061c",
        "\u3164",
        "\u115f\u1160\uffa0",
        "\u2800\u2800",
        "\u00ad",
        "\ufe0f",
        "\U000e0041\U000e007f",
        "\u00a0\u3000\u180e",
        "\x01\x7f\x85",
    ],
)
def test_a_name_of_which_nothing_shows_is_refused_like_an_empty_one(name: str) -> None:
    for body in ({"name": name}, {"name": "Karoo", "tags": ["a", name]}):
        with pytest.raises(ValidationError) as refused:
            Named.model_validate(body)
        assert [error["type"] for error in refused.value.errors()] == ["string_too_short"]
    with pytest.raises(ValidationError):
        Renamed.model_validate({"name": name})
    assert Named(name="Karoo", note=name).name == "Karoo"


@pytest.mark.parametrize(
    "name",
    [
        "👨\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "\u2067שלום\u2069",
        "\u200bKaroo",
        "Ma\u00adria",
        "ㅤ가",
        "⠓⠊",
        ".",
        "\u0600",
    ],
)
def test_what_shows_stays_as_it_was_written(name: str) -> None:
    assert Named(name=name, tags=[name]).model_dump() == {"name": name, "tags": [name], "note": ""}
    assert Renamed(name=name).changes() == {"name": name}
