"""The codes of countries."""

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.common.countries import COUNTRIES, Country

COUNTRY = TypeAdapter(Country)


def test_there_are_as_many_as_the_standard_has_and_kosovo() -> None:
    assert len(COUNTRIES) == 249 + 1
    assert all(COUNTRY.validate_python(code) == code for code in COUNTRIES)


@pytest.mark.parametrize("code", ["ZZ", "XX", "UK", "EU", "AN", "za", "ZAF", "", "Z", "ZA\n"])
def test_what_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        COUNTRY.validate_python(code)
