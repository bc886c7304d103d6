"""What the printed form of a credit note shows."""

from typing import Any

from libs.common.money import Money
from services.payments.credit_notes.models import CreditNote
from services.payments.documents.printed import document_data
from services.payments.invoices.printed import buyer_of


def credit_note_data(note: CreditNote) -> dict[str, Any]:
    """The data of the template for a credit note."""
    nothing = str(Money(amount=0, currency=note.currency))
    return document_data(
        title="Credit note",
        number=note.number,
        stamp=None,
        seller=note.seller,
        buyer=buyer_of(note.customer_name, note.email, note.billing_address),
        facts=[("Issued", note.issued_at), ("Invoice", note.invoice_number), ("Currency", note.currency)],
        lines=[
            {
                "description": note.reason,
                "sku": None,
                "quantity": 1,
                "unit_price": str(note.goods),
                "discount": nothing,
                "total": str(note.goods),
            }
        ],
        sums=[("Goods", note.goods), ("Shipping", note.shipping), ("Tax", note.tax)],
        total=note.total,
        after=[("Tax included", note.tax_included)],
        notes=None,
    )
