"""The lines of an invoice of a subscription, and what they add up to: the same for one that is shown and one that is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.payments.subscriptions.models import Adjustment
from services.payments.subscriptions.proration import tax_on
from services.payments.subscriptions.terms import Terms

CARRIED = "Credit kept for the next invoice"


@dataclass(frozen=True, slots=True)
class Sums:
    """Lines as invoices keep them, what they add up to, and the credit that is more than they come to."""

    lines: list[dict[str, Any]]
    subtotal: int
    tax: int
    carried: int

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.subtotal + self.tax


def period_line(terms: Terms, start: datetime, end: datetime) -> dict[str, Any]:
    """The line of a whole period."""
    return _line(f"{terms.plan_name}, {start:%Y-%m-%d} to {end:%Y-%m-%d}", terms.quantity, terms.amount_minor)


def adjustment_line(adjustment: Adjustment) -> dict[str, Any]:
    """The line of what a change added."""
    return _line(adjustment.description, 1, adjustment.amount_minor)


def sums(lines: Sequence[dict[str, Any]], tax_rate_ppm: int) -> Sums:
    """An invoice of these lines. Where credit is more than they come to, it comes to nothing and the rest is carried."""
    net = sum(line["total"] for line in lines)
    carried = max(-net, 0)
    kept = [_line(CARRIED, 1, carried)] if carried else []
    return Sums([*lines, *kept], net + carried, tax_on(net + carried, tax_rate_ppm), carried)


def _line(description: str, quantity: int, unit_price: int) -> dict[str, Any]:
    return {
        "description": description[:500],
        "sku": None,
        "quantity": quantity,
        "unit_price": unit_price,
        "discount": 0,
        "total": unit_price * quantity,
    }
