"""Telephone numbers."""

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.common.phones import Phone

PHONE = TypeAdapter(Phone)


@pytest.mark.parametrize(
    "number",
    [
        "+27215550100",
        "+27 (0)21 555-0100",
        "(021) 555.0100 / 0101",
        "021/555 01 00",
        "tel:+27-21-555-0100;ext=7",
        "555 0100 ext. 12",
        "8 (495) 555-01-00 доб. 12",
        "0800 FLOWERS",
        "*120*3279#",
        "112",
        "7",
        "Cell: 082 555 0100 & 0101",
        "+7 701 100%",
        "٠٢١ ٥٥٥ ٠١٠٠",
        "+２７　２１",
        "\u202a+27\u00a082\u2011555\u201101\u202c",
        "",
    ],
)
def test_a_number_is_taken_as_it_was_written(number: str) -> None:
    assert PHONE.validate_python(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "none",
        "-",
        "+",
        "()",
        "n/a",
        "\u202a\u202c",
        "owner@karoo.example",
        "021\n555",
        "021\x85555",
        "021\u2028555",
        "021\x7f555",
        "1" * 41,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        PHONE.validate_python(text)
