"""The usual currency of a country."""

from libs.common.money import EXPONENTS
from services.identity.tenants.countries import CURRENCY_OF, DEFAULT_CURRENCY, currency_of


def test_every_currency_is_one_we_know() -> None:
    assert set(CURRENCY_OF.values()) | {DEFAULT_CURRENCY} <= set(EXPONENTS)


def test_south_africa_pays_in_rand_and_nowhere_in_dollars() -> None:
    assert [currency_of(c) for c in ("ZA", "KZ", "DE", None, "ZZ")] == ["ZAR", "KZT", "EUR", "USD", "USD"]
