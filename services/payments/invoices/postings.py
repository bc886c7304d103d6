"""What invoices post to the ledger."""

from libs.common.money import Money
from services.payments.invoices.models import Invoice
from services.payments.ledger.chart import RECEIVABLE, REVENUE, SHIPPING_REVENUE, TAX_PAYABLE, cash
from services.payments.ledger.repository import Line
from services.payments.payments.postings import negative


def of_invoice(invoice: Invoice) -> list[Line]:
    """The customer owes the total; it is revenue, shipping and tax."""
    return [
        (RECEIVABLE, invoice.total),
        (REVENUE, negative(invoice.subtotal - invoice.discount)),
        (SHIPPING_REVENUE, negative(invoice.shipping)),
        (TAX_PAYABLE, negative(invoice.tax)),
    ]


def of_void(invoice: Invoice) -> list[Line]:
    """The counter-entries of an invoice that is void."""
    return [(account, negative(amount)) for account, amount in of_invoice(invoice)]


def of_manual_payment(method: str, amount: Money) -> list[Line]:
    """Money for an invoice came in by hand."""
    return [(cash(method), amount), (RECEIVABLE, negative(amount))]
