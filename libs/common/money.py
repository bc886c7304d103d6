"""Money as integer minor units with an ISO 4217 currency; no float comes near it."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt

# ISO 4217 active codes, funds included. Those not named with another exponent have two decimals.
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
EXPONENTS: dict[str, int] = (
    dict.fromkeys(_TWO.split(), 2)
    | dict.fromkeys(_ZERO.split(), 0)
    | dict.fromkeys(_THREE.split(), 3)
    | dict.fromkeys(_FOUR.split(), 4)
)

# The largest amount a sum may reach: what JSON readers in JavaScript hold exactly (2**53 - 1).
MAX_AMOUNT = 9_007_199_254_740_991
# The largest price of one unit, so that a price times the largest quantity stays within MAX_AMOUNT.
MAX_PRICE = 9_000_000_000


def known_currency(code: str) -> str:
    """Return the code, or raise `ValueError` where ISO 4217 does not have it."""
    if code not in EXPONENTS:
        raise ValueError("not an ISO 4217 currency code such as ZAR")
    return code


Currency = Annotated[str, Field(min_length=3, max_length=3, examples=["ZAR"]), AfterValidator(known_currency)]


class Money(BaseModel):
    """An amount in minor units (cents) of one currency; may be negative where a sum may."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"amount": 19900, "currency": "ZAR"}]}
    )

    amount: Annotated[StrictInt, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Minor units, e.g. cents")]
    currency: Currency

    def __add__(self, other: "Money") -> Self:
        self._same(other)
        return type(self)(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(amount=self.amount * quantity, currency=self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")

    @classmethod
    def of(cls, amount: int | None, currency: str | None) -> Any:
        """Money from two columns, or None when the amount is absent."""
        return None if amount is None or currency is None else cls(amount=amount, currency=currency)

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        if not exponent:
            return f"{self.currency} {self.amount}"
        sign = "-" if self.amount < 0 else ""
        whole, part = divmod(abs(self.amount), 10**exponent)
        return f"{self.currency} {sign}{whole}.{part:0{exponent}d}"


class Total(Money):
    """Money that any number of amounts came to: no bound, for what a report adds up was taken one by one."""

    amount: Annotated[StrictInt, Field(description="Minor units, e.g. cents")]


class Price(Money):
    """Money that a unit costs: never negative, and small enough to multiply."""

    amount: Annotated[StrictInt, Field(ge=0, le=MAX_PRICE, description="Minor units, e.g. cents")]


class PositiveMoney(Money):
    """Money that must be more than nothing: a payment, a refund."""

    amount: Annotated[StrictInt, Field(gt=0, le=MAX_AMOUNT, description="Minor units, e.g. cents")]


def share(amount: int, weights: list[int]) -> list[int]:
    """Split an amount by weights so that the parts add up to it exactly (largest remainder)."""
    total = sum(weights)
    if total <= 0:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in remainders[: amount - sum(parts)]:
        parts[i] += 1
    return parts
