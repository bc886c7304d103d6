"""Splitting what is credited over the parts of an invoice, so that all credit notes together add up to it exactly."""

from services.payments.invoices.models import Invoice


def parts_of(invoice: Invoice, credited: int) -> tuple[int, int, int]:
    """Goods, shipping and tax in the first `credited` minor units of an invoice.

    Each part only grows with `credited`, so the differences between two points are never negative.
    """
    total, tax, shipping = invoice.total_minor, invoice.tax_minor, invoice.shipping_minor
    taxed = tax * credited // total if total else 0
    rest, whole_rest = credited - taxed, total - tax
    shipped = shipping * rest // whole_rest if whole_rest else 0
    return rest - shipped, shipped, taxed


def next_parts(invoice: Invoice, amount: int) -> tuple[int, int, int]:
    """Goods, shipping and tax in the next `amount` minor units that are credited."""
    before = parts_of(invoice, invoice.credited_minor)
    after = parts_of(invoice, invoice.credited_minor + amount)
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]
