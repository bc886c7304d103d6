"""The arithmetic of carts and orders: integers only, and every sum re-adds to the unit.

total = subtotal - discount + shipping + tax. Tax that prices already include stands in `tax_included` and is not
added. A line's total is what it costs after its discount, before added tax.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.common.errors import ValidationFailed
from libs.common.money import MAX_AMOUNT, share

# Tax rates are integers in parts per million: 15 % is 150,000.
PPM = 1_000_000
# The tax class of the shipping charge.
SHIPPING_CLASS = "shipping"
MAX_QUANTITY = 1_000_000


class TotalsTooLarge(ValidationFailed):
    """The sum would be larger than can be stored exactly; take fewer or cheaper items."""

    slug = "totals-too-large"
    title = "The total is too large"


@dataclass(frozen=True, slots=True)
class Line:
    """What is bought: `unit_amount` in minor units."""

    quantity: int
    unit_amount: int
    tax_class: str = "standard"


@dataclass(frozen=True, slots=True)
class TaxRule:
    """A tax rate in parts per million; `inclusive` says that prices contain it already."""

    ppm: int
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class LineTotals:
    """The figures of one line, in minor units."""

    subtotal: int
    discount: int
    tax: int
    tax_included: int

    @property
    def total(self) -> int:
        """What the line costs after its discount."""
        return self.subtotal - self.discount


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of a cart or order, in minor units."""

    subtotal: int
    discount: int
    shipping: int
    tax: int
    tax_included: int
    total: int
    lines: tuple[LineTotals, ...]


def compute(
    lines: Sequence[Line],
    *,
    shipping: int = 0,
    discount: int = 0,
    taxes: Mapping[str, TaxRule] | None = None,
) -> Totals:
    """The totals of these lines.

    A discount on the whole is spread over the lines by their subtotals and never exceeds them. Tax is computed once
    for each class on the discounted sum, half up, and spread over the lines of the class (largest remainder).

    Raises:
        TotalsTooLarge: a sum is beyond `MAX_AMOUNT`.
    """
    subtotals = [line.unit_amount * line.quantity for line in lines]
    subtotal = _bounded(sum(subtotals))
    discounts = share(min(discount, subtotal), subtotals)
    nets = [amount - part for amount, part in zip(subtotals, discounts, strict=True)]
    added, included = [0] * len(lines), [0] * len(lines)
    rules = taxes or {}
    for tax_class in sorted({line.tax_class for line in lines} & rules.keys()):
        rule = rules[tax_class]
        members = [n for n, line in enumerate(lines) if line.tax_class == tax_class]
        parts = share(_tax(sum(nets[n] for n in members), rule), [nets[n] for n in members])
        for n, part in zip(members, parts, strict=True):
            (included if rule.inclusive else added)[n] = part
    tax, tax_included = sum(added), sum(included)
    if rule_of_shipping := rules.get(SHIPPING_CLASS):
        amount = _tax(shipping, rule_of_shipping)
        tax, tax_included = (
            (tax, tax_included + amount) if rule_of_shipping.inclusive else (tax + amount, tax_included)
        )
    return Totals(
        subtotal=subtotal,
        discount=sum(discounts),
        shipping=shipping,
        tax=tax,
        tax_included=tax_included,
        total=_bounded(subtotal - sum(discounts) + shipping + tax),
        lines=tuple(map(LineTotals, subtotals, discounts, added, included)),
    )


def _tax(net: int, rule: TaxRule) -> int:
    base = PPM + rule.ppm if rule.inclusive else PPM
    return (2 * net * rule.ppm + base) // (2 * base)


def _bounded(amount: int) -> int:
    if amount > MAX_AMOUNT:
        raise TotalsTooLarge("Take fewer items, or place several orders.")
    return amount
