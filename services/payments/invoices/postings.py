"""What invoices post to the ledger."""

from libs.common.money import Money
from services.payments.invoices.models import Invoice
from services.payments.ledger.chart import RECEIVABLE, REVENUE, SHIPPING_REVENUE, TAX_PAYABLE, cash
from services.payments.ledger.repository import Line
from services.payments.payments.postings import negative


def of_invoice(invoice: Invoice) -> list[Line]:
    """The customer owes the total; it is revenue and shipping, without the tax they contain, and all tax."""
    return [
        (RECEIVABLE, invoice.total),
        (REVENUE, negative(invoice.subtotal - invoice.discount - invoice.goods_tax_included)),
        (SHIPPING_REVENUE, negative(invoice.shipping - invoice.shipping_tax_included)),
        (TAX_PAYABLE, negative(invoice.tax + invoice.tax_included)),
    ]


def of_void(invoice: Invoice) -> list[Line]:
    """The counter-entries of an invoice that is void."""
    return [(account, negative(amount)) for account, amount in of_invoice(invoice)]


def of_manual_payment(method: str, amount: Money) -> list[Line]:
    """Money for an invoice came in by hand."""
    return [(cash(method), amount), (RECEIVABLE, negative(amount))]
