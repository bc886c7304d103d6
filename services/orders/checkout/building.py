"""Orders made of carts: the rows as they will be stored, nothing written yet."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.db.direct import unsaved
from libs.common.ids import new_id
from services.orders.carts.models import Cart
from services.orders.carts.pricing import Priced
from services.orders.orders.models import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Customer:
    """Who orders."""

    email: str
    user_id: UUID | None = None
    name: str | None = None
    note: str | None = None


def build(cart: Cart, priced: Priced, customer: Customer) -> Order:
    """The order of a cart, without state, number and times."""
    totals, quote = priced.totals, priced.quote
    return unsaved(
        Order,
        id=cart.order_id,
        tenant_id=cart.tenant_id,
        steps=0,
        email=customer.email.lower(),
        customer_user_id=customer.user_id,
        customer_name=customer.name or (cart.address or {}).get("name"),
        cart_token_hash=cart.token_hash,
        note=customer.note,
        currency=cart.currency,
        subtotal_amount=totals.subtotal,
        discount_amount=totals.discount,
        shipping_amount=totals.shipping,
        tax_amount=totals.tax,
        tax_included_amount=totals.tax_included,
        total_amount=totals.total,
        refunded_amount=0,
        shipping_address=cart.address,
        shipping_method_id=quote and quote.method_id,
        shipping_method_name=quote and quote.name,
        shipping_account_id=quote and quote.account_id,
        lines=[
            unsaved(
                OrderLine,
                id=new_id(),
                tenant_id=cart.tenant_id,
                position=position,
                variant_id=item.variant_id,
                product_id=item.product_id,
                sku=item.sku,
                name=item.name,
                type=item.type,
                tax_class=item.tax_class,
                weight_g=item.weight_g,
                options=item.options,
                currency=cart.currency,
                quantity=item.quantity,
                shipped_quantity=0,
                unit_amount=item.unit_amount,
                discount_amount=line.discount,
                tax_amount=line.tax,
                tax_included_amount=line.tax_included,
                total_amount=line.total,
            )
            for position, (item, line) in enumerate(zip(cart.items, totals.lines, strict=True), start=1)
        ],
    )
