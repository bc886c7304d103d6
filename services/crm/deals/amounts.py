"""What a deal amounts to: the sum of its lines, or a figure set by hand where it has none."""

from collections.abc import Iterable

from libs.common.money import MAX_AMOUNT, Money
from services.crm.deals.errors import AmountMismatch, AmountTooLarge, CurrencyMismatch


def amount_of(totals: Iterable[Money], wanted: Money | None, otherwise: Money) -> Money:
    """The amount of a deal whose lines have these totals.

    `wanted` is what the caller said, if anything; `otherwise` holds where there are neither lines nor words.

    Raises:
        CurrencyMismatch: the money is not all in one currency.
        AmountMismatch: there are lines, and their sum is not what the caller said.
        AmountTooLarge: the sum cannot be held.
    """
    totals = list(totals)
    if not totals:
        return otherwise if wanted is None else Money(amount=wanted.amount, currency=wanted.currency)
    currencies = {total.currency for total in totals} | ({wanted.currency} if wanted else set())
    if len(currencies) > 1:
        raise CurrencyMismatch(f"Found {', '.join(sorted(currencies))}.")
    total = sum(total.amount for total in totals)
    if total > MAX_AMOUNT:
        raise AmountTooLarge(f"The lines come to more than {MAX_AMOUNT} minor units.")
    if wanted is not None and wanted.amount != total:
        raise AmountMismatch("Leave the amount out where there are lines.")
    return Money(amount=total, currency=totals[0].currency)
