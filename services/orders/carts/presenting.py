"""Carts as the API shows them."""

from collections.abc import Sequence
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Money
from services.orders.carts.models import Cart, CartStatus
from services.orders.carts.pricing import Priced, Tariff, cart_needs_shipping, price
from services.orders.totals import Totals


async def present(
    uow: UnitOfWork, carts: Sequence[Cart], tariff: Tariff | None = None
) -> list[dict[str, Any]]:
    """Each cart as the fields of `CartOut`; the tariff that they are priced by is asked for unless given."""
    priced = await price(uow, carts, tariff)
    return [_fields(cart, priced[cart.id]) for cart in carts]


def totals_out(totals: Totals, currency: str) -> dict[str, Money]:
    """Totals as money."""
    names = ("subtotal", "discount", "shipping", "tax", "tax_included", "total")
    return {name: Money(amount=getattr(totals, name), currency=currency) for name in names}


def _fields(cart: Cart, priced: Priced) -> dict[str, Any]:
    def money(amount: int) -> Money:
        return Money(amount=amount, currency=cart.currency)

    quote = priced.quote
    return {
        "id": cart.id,
        "status": cart.status,
        "currency": cart.currency,
        "customer_user_id": cart.customer_user_id,
        "email": cart.email,
        "note": cart.note,
        "address": cart.address,
        "needs_shipping": cart_needs_shipping(cart),
        "items": [
            {
                "id": item.id,
                "variant_id": item.variant_id,
                "product_id": item.product_id,
                "sku": item.sku,
                "name": item.name,
                "options": item.options,
                "quantity": item.quantity,
                "unit_price": money(item.unit_amount),
                "discount": money(line.discount),
                "total": money(line.total),
            }
            for item, line in zip(cart.items, priced.totals.lines, strict=True)
        ],
        "shipping": quote
        and {"method_id": quote.method_id, "name": quote.name, "amount": money(quote.amount)},
        "totals": totals_out(priced.totals, cart.currency),
        "order_id": cart.order_id if cart.status == CartStatus.CHECKED_OUT else None,
        "version": cart.version,
        "created_at": cart.created_at,
        "updated_at": cart.updated_at,
    }
