"""Live totals of carts: their items, the price of the chosen shipping method now, and the taxes of the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.orders.carts.models import Cart
from services.orders.catalog import needs_shipping
from services.orders.shipping.providers.base import Parcel, Quote
from services.orders.shipping.service import ShippingService
from services.orders.tax_rates.repository import TaxRateRepository
from services.orders.totals import Line, Totals, compute


@dataclass(frozen=True, slots=True)
class Priced:
    """What a cart costs. `quote` is None where no shipping method is chosen or the chosen one does not fit."""

    totals: Totals
    quote: Quote | None


def cart_needs_shipping(cart: Cart) -> bool:
    """Whether anything in it travels."""
    return any(needs_shipping(item.type, item.weight_g) for item in cart.items)


def parcel_of(cart: Cart) -> Parcel:
    """What is to be sent where."""
    sent = [item for item in cart.items if needs_shipping(item.type, item.weight_g)]
    return Parcel(
        weight_g=sum(item.weight_g * item.quantity for item in sent),
        subtotal=sum(item.unit_amount * item.quantity for item in cart.items),
        currency=cart.currency,
        country=_country(cart),
    )


async def price(
    uow: UnitOfWork, carts: Sequence[Cart], quotes: dict[UUID, Quote] | None = None
) -> dict[UUID, Priced]:
    """The price of each cart by its id, in two queries however many carts; one where their quotes are known.

    Raises:
        TotalsTooLarge: a sum is beyond what can be stored exactly.
    """
    if quotes is None:
        wanted = {
            cart.id: (cart.shipping_method_id, parcel_of(cart))
            for cart in carts
            if cart.shipping_method_id is not None and cart_needs_shipping(cart)
        }
        quotes = await ShippingService(uow).quote_each(wanted)
    taxes = await TaxRateRepository(uow).rules({country for c in carts if (country := _country(c))})
    return {
        cart.id: Priced(
            compute(
                [Line(item.quantity, item.unit_amount, item.tax_class) for item in cart.items],
                shipping=quotes[cart.id].amount if cart.id in quotes else 0,
                taxes=taxes.get(_country(cart) or ""),
            ),
            quotes.get(cart.id),
        )
        for cart in carts
    }


def _country(cart: Cart) -> str | None:
    return cart.address["country"] if cart.address else None
