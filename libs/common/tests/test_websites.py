"""The addresses of websites."""

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.common.websites import Website

WEBSITE = TypeAdapter(Website)


@pytest.mark.parametrize(
    "address",
    [
        "https://karoo.example",
        "HTTP://karoo.example:8080/shop?a=b:c#d",
        "karoo.example",
        "www.karoo.example/über-uns",
        "кафе.рф",
        "",
    ],
)
def test_an_address_of_the_web_is_taken(address: str) -> None:
    assert WEBSITE.validate_python(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript://karoo.example/%0aalert(1)",
        "javascript:1//karoo.example",
        "data:text/html,<script>alert(1)</script>",
        "ftp://karoo.example",
        "https://karoo.example@evil.example",
        "karoo example.com",
        "none",
        "https://karoo.example\n",
    ],
)
def test_what_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        WEBSITE.validate_python(address)
