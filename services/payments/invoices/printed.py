"""What the printed form of an invoice shows."""

from typing import Any

from libs.common.money import Money
from services.payments.documents.printed import document_data
from services.payments.invoices.models import Invoice


def buyer_of(name: str | None, email: str | None, address: dict[str, Any] | None) -> list[str | None]:
    """The lines that name a buyer."""
    parts = address or {}
    place = " ".join(str(parts[key]) for key in ("postal_code", "city") if parts.get(key))
    return [
        name or parts.get("name"),
        parts.get("line1"),
        parts.get("line2"),
        place,
        parts.get("region"),
        parts.get("country"),
        email,
    ]


def invoice_data(invoice: Invoice) -> dict[str, Any]:
    """The data of the template for an invoice."""
    has_credit = invoice.credited_minor > 0
    return document_data(
        title="Invoice",
        number=invoice.number or "Draft",
        stamp={"paid": "PAID", "void": "VOID", "draft": "DRAFT"}.get(invoice.status),
        seller=invoice.seller or {"name": "Draft"},
        buyer=buyer_of(invoice.customer_name, invoice.email, invoice.billing_address),
        facts=[
            ("Issued", invoice.issued_at),
            ("Due", invoice.due_on),
            ("Order", invoice.order_number),
            ("Currency", invoice.currency),
        ],
        lines=[
            line | {name: str(Money(amount=line[name], currency=invoice.currency)) for name in _AMOUNTS}
            for line in invoice.lines
        ],
        sums=[
            ("Subtotal", invoice.subtotal),
            ("Discount", Money(amount=-invoice.discount_minor, currency=invoice.currency)),
            ("Shipping", invoice.shipping),
            ("Tax", invoice.tax),
        ],
        total=invoice.total,
        after=[
            ("Tax included", invoice.tax_included),
            ("Paid", invoice.paid),
            ("Outstanding", invoice.outstanding),
            *([("Credited", invoice.credited)] if has_credit else []),
        ],
        notes=invoice.notes,
    )


_AMOUNTS = ("unit_price", "discount", "total")
