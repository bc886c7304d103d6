"""Addresses as forms and other systems write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.orders.schemas import AddressIn

WHOLE = {"line1": "12 Long Street", "city": "Cape Town", "country": "ZA"}


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ({"line2": "Gardens", "region": "Western Cape", "postal_code": "8001"}, "postal_code", "8001"),
        ({"first_name": "Thandi", "last_name": "Dube"}, "name", "Thandi Dube"),
        ({"first_name": "Thandi", "last_name": None}, "name", "Thandi"),
        ({"first_name": None, "last_name": None}, "name", None),
        ({"full_name": "Thandi Dube"}, "name", "Thandi Dube"),
        ({"suburb": "Gardens"}, "line2", "Gardens"),
        ({"province": "Western Cape"}, "region", "Western Cape"),
        ({"zip": "8001"}, "postal_code", "8001"),
    ],
)
def test_common_spellings_are_taken(written: dict[str, Any], field: str, value: str | None) -> None:
    assert getattr(AddressIn.model_validate(WHOLE | written), field) == value


def test_a_whole_address_may_be_spelled_otherwise() -> None:
    written = {"street_address": "12 Long Street", "town": "Cape Town", "country_code": "ZA"}
    assert AddressIn.model_validate(written) == AddressIn.model_validate(WHOLE)


@pytest.mark.parametrize(
    "written",
    [
        {"street": "1 Main Road"},
        {"name": "Thandi", "first_name": "Thandi"},
        {"first_name": 7},
        {"province": 7},
        {"planet": "Earth"},
        {"country_code": "ZA"},
    ],
)
def test_what_is_said_twice_or_means_nothing_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AddressIn.model_validate(WHOLE | written)


@pytest.mark.parametrize("written", ["12 Long Street", 7, ["x"], None])
def test_what_is_no_object_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        AddressIn.model_validate(written)
