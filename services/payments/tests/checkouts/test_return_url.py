"""Where a buyer may be sent back to."""

import pytest

from libs.common.settings import CommonSettings
from services.payments.checkouts.errors import ReturnUrlRefused
from services.payments.checkouts.return_url import allowed_origins, check_return_url
from services.payments.settings import PaymentsSettings

HOME = "http://127.0.0.1:8000"
SHOP = "https://shop.example"

NOT_WEB_ADDRESSES = [
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example/",
    "/thanks",
    "http://127.0.0.1:8000@evil.example/",
    "http://evil.example\\@127.0.0.1:8000/",
    "http://user:pass@127.0.0.1:8000/",
    "http://127.0.0.1:8000\t.evil.example/",
    "http://127.0.0.1:99999/",
    "http://[::1/",
    "ftp://127.0.0.1:8000/",
    "",
]
STRANGERS = [
    "https://evil.example/",
    "http://evil.example#@127.0.0.1:8000/",
    "http://127.0.0.1:8000.evil.example/",
    "http://127.0.0.1:8001/",
    "https://127.0.0.1:8000/",
    "https://shop.example.evil.example/",
]


@pytest.mark.parametrize("url", NOT_WEB_ADDRESSES)
@pytest.mark.parametrize("allowed", [None, [HOME]], ids=["any", "home"])
def test_what_is_no_plain_web_address_is_refused_everywhere(url: str, allowed: list[str] | None) -> None:
    with pytest.raises(ReturnUrlRefused):
        check_return_url(url, allowed)


@pytest.mark.parametrize("url", STRANGERS)
def test_strangers_are_refused_where_origins_are_given(url: str) -> None:
    with pytest.raises(ReturnUrlRefused):
        check_return_url(url, [HOME, SHOP])


@pytest.mark.parametrize("url", [None, f"{HOME}/thanks?a=1", "HTTP://127.0.0.1:8000", f"{SHOP}:443/thanks"])
def test_home_and_the_allowed_origins_are_taken(url: str | None) -> None:
    check_return_url(url, [HOME, SHOP])


@pytest.mark.parametrize(
    ("environment", "origins", "allowed"),
    [
        ("development", None, None),
        ("development", [], [HOME]),
        ("development", [SHOP], [HOME, SHOP]),
        ("production", None, [HOME]),
        ("production", [SHOP], [HOME, SHOP]),
    ],
)
def test_production_sends_buyers_to_named_origins_only(
    environment: str, origins: list[str] | None, allowed: list[str] | None
) -> None:
    common = CommonSettings(environment=environment, public_url=HOME)
    assert allowed_origins(common, PaymentsSettings(return_origins=origins)) == allowed
