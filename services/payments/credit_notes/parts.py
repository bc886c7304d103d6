"""Splitting what is credited over the parts of an invoice, so that all credit notes together add up to it exactly."""

from typing import NamedTuple

from services.payments.invoices.models import Invoice


class Parts(NamedTuple):
    """What an amount is made of: goods, shipping and tax add up to it; the included taxes are within the first two."""

    goods: int
    shipping: int
    tax: int
    goods_tax_included: int
    shipping_tax_included: int

    @property
    def tax_included(self) -> int:
        """The tax that goods and shipping contain."""
        return self.goods_tax_included + self.shipping_tax_included


def parts_of(invoice: Invoice, credited: int) -> Parts:
    """The parts of the first `credited` minor units of an invoice.

    Each part only grows with `credited`, and no faster than what it is within, so the differences between two points are
    never negative.
    """
    total, tax, shipping = invoice.total_minor, invoice.tax_minor, invoice.shipping_minor
    taxed = _part(tax, credited, total)
    rest, whole_rest = credited - taxed, total - tax
    shipped = _part(shipping, rest, whole_rest)
    goods = rest - shipped
    return Parts(
        goods,
        shipped,
        taxed,
        _part(invoice.goods_tax_included.amount, goods, whole_rest - shipping),
        _part(invoice.shipping_tax_included.amount, shipped, shipping),
    )


def next_parts(invoice: Invoice, amount: int) -> Parts:
    """The parts of the next `amount` minor units that are credited."""
    before = parts_of(invoice, invoice.credited_minor)
    after = parts_of(invoice, invoice.credited_minor + amount)
    return Parts(*(then - now for now, then in zip(before, after, strict=True)))


def _part(of: int, amount: int, whole: int) -> int:
    return of * amount // whole if whole else 0
