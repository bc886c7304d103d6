"""Money and its arithmetic."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.common.money import EXPONENTS, MAX_AMOUNT, Money, PositiveMoney, Price, share

amounts = st.integers(-(10**12), 10**12)


@given(amounts, amounts)
def test_sums_and_differences_are_exact(a: int, b: int) -> None:
    left, right = Money(amount=a, currency="ZAR"), Money(amount=b, currency="ZAR")
    assert (left + right).amount == a + b
    assert (left + right) - right == left


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Money(amount=1, currency="ZAR") + Money(amount=1, currency="USD")


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_shares_add_up_to_the_whole_and_stay_close_to_their_weight(amount: int, weights: list[int]) -> None:
    parts = share(amount, weights)
    total = sum(weights)
    assert sum(parts) == (amount if total else 0)
    if total:
        assert all(
            abs(part - amount * weight / total) < 1 + 1e-6 * amount
            for part, weight in zip(parts, weights, strict=True)
        )


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 1.5, "currency": "ZAR"},
        {"amount": "100", "currency": "ZAR"},
        {"amount": True, "currency": "ZAR"},
        {"amount": MAX_AMOUNT + 1, "currency": "ZAR"},
        {"amount": 1, "currency": "zar"},
        {"amount": 1, "currency": "ABC"},
        {"amount": 1},
        {"amount": 1, "currency": "ZAR", "surprise": 1},
    ],
)
def test_what_is_not_money_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Money).validate_json(json.dumps(body))


def test_prices_are_never_negative_and_payments_never_nothing() -> None:
    assert Price(amount=0, currency="ZAR").amount == 0
    with pytest.raises(ValidationError):
        Price(amount=-1, currency="ZAR")
    with pytest.raises(ValidationError):
        PositiveMoney(amount=0, currency="ZAR")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1999, "ZAR", "ZAR 19.99"),
        (-5, "ZAR", "ZAR -0.05"),
        (1999, "JPY", "JPY 1999"),
        (1999, "KWD", "KWD 1.999"),
        (1999, "CLF", "CLF 0.1999"),
    ],
)
def test_money_is_shown_with_the_decimals_of_its_currency(amount: int, currency: str, shown: str) -> None:
    assert str(Money(amount=amount, currency=currency)) == shown


def test_the_currencies_are_those_of_iso_4217() -> None:
    assert len(EXPONENTS) > 150
    assert {EXPONENTS[code] for code in ("ZAR", "JPY", "BHD", "UYW")} == {2, 0, 3, 4}
    # The guilder of Curaçao and Sint Maarten is the newest; metals and codes for tests are no money.
    assert EXPONENTS["XCG"] == 2
    assert not {"XAU", "XTS", "XXX"} & set(EXPONENTS)
