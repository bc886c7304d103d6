"""The invoice of a paid order, as the fact tells of it."""

from libs.common.db.direct import unsaved
from libs.common.ids import new_id
from libs.contracts.orders import OrderPaid
from services.payments.invoices.models import Invoice
from services.payments.invoices.totals import tax_in_shipping
from services.payments.payments.models import Payment


def invoice_of(event: OrderPaid, payment: Payment | None) -> Invoice:
    """A new invoice without its number, paid with what the payment (none of an order that costs nothing) came to."""
    totals = event.totals
    paid = payment.amount_minor if payment and payment.status == "succeeded" else 0
    return unsaved(
        Invoice,
        id=new_id(),
        order_id=event.order_id,
        order_number=event.number,
        payment_id=payment.id if payment else None,
        currency=totals.total.currency,
        lines=[
            {
                "description": line.name,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price.amount,
                "discount": line.discount.amount,
                "total": line.total.amount,
            }
            for line in event.lines
        ],
        subtotal_minor=totals.subtotal.amount,
        discount_minor=totals.discount.amount,
        shipping_minor=totals.shipping.amount,
        tax_minor=totals.tax.amount,
        **_tax_included(event),
        total_minor=totals.total.amount,
        paid_minor=min(paid, totals.total.amount),
        credited_minor=0,
        email=event.email,
        customer_name=event.customer_name,
        customer_user_id=event.customer_user_id,
        billing_address=event.shipping_address.model_dump() if event.shipping_address else None,
        due_on=event.paid_at.date(),
    )


def _tax_included(event: OrderPaid) -> dict[str, int | None]:
    totals = event.totals
    if totals.tax_included is None:
        return {"tax_included_minor": None, "shipping_tax_included_minor": None}
    included = totals.tax_included.amount
    in_lines = [line.tax_included.amount for line in event.lines if line.tax_included is not None]
    if len(in_lines) == len(event.lines):
        in_shipping = included - sum(in_lines)
    else:
        goods = totals.subtotal.amount - totals.discount.amount
        in_shipping = tax_in_shipping(included, goods, totals.shipping.amount)
    return {"tax_included_minor": included, "shipping_tax_included_minor": in_shipping}
