"""What credit notes post to the ledger."""

from services.payments.credit_notes.models import CreditNote
from services.payments.ledger.chart import RECEIVABLE, REFUNDS, SHIPPING_REVENUE, TAX_PAYABLE
from services.payments.ledger.repository import Line
from services.payments.payments.postings import negative


def of_credit_note(note: CreditNote) -> list[Line]:
    """The counter-entries of a part of an invoice."""
    return [
        (REFUNDS, note.goods - note.goods_tax_included),
        (SHIPPING_REVENUE, note.shipping - note.shipping_tax_included),
        (TAX_PAYABLE, note.tax + note.tax_included),
        (RECEIVABLE, negative(note.total)),
    ]
