"""Live totals of carts: their items, the price of the chosen shipping method now, and the taxes of the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.common.db.direct import Row, Run, read
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.carts.models import Cart
from services.orders.catalog import needs_shipping
from services.orders.shipping.providers.base import Parcel, Quote
from services.orders.shipping.repository import ShippingMethodRepository
from services.orders.shipping.service import Wanted, quote_each
from services.orders.tax_rates.repository import TaxRateRepository
from services.orders.totals import Line, TaxRule, Totals, compute


@dataclass(frozen=True, slots=True)
class Tariff:
    """The quotes of carts by their ids, and the rules of taxes by country and tax class."""

    quotes: dict[UUID, Quote]
    taxes: dict[str, dict[str, TaxRule]]


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
        country=country_of(cart),
    )


async def tariff_of(uow: UnitOfWork, wanted: dict[UUID, Wanted], countries: set[str]) -> Tariff:
    """What these methods ask for these parcels, and the taxes of these countries, in one round trip."""
    shipping, rates = ShippingMethodRepository(uow), TaxRateRepository(uow)
    by_method = [shipping.named({method_id for method_id, _ in wanted.values()})] if wanted else []
    by_country = [rates.of(countries)] if countries else []
    found = await read(uow, *by_method, *by_country) if wanted or countries else []
    methods = found.pop(0) if wanted else []
    return await tariff_from(wanted, methods, found.pop(0) if countries else [])


def asking_for_tariff(uow: UnitOfWork, cart_id: UUID) -> tuple[Run, Run]:
    """What asks for the method and the taxes of a cart before it is read; `tariff_from` takes the answers."""
    return ShippingMethodRepository(uow).chosen(cart_id), TaxRateRepository(uow).of_cart(cart_id)


async def tariff_from(wanted: dict[UUID, Wanted], methods: Sequence[Row], rates: Sequence[Row]) -> Tariff:
    """What methods ask for these parcels, and the taxes, of the rows of both."""
    quotes = await quote_each(wanted, ShippingMethodRepository.paired(methods))
    return Tariff(quotes, TaxRateRepository.rules(rates))


def wanted_of(carts: Sequence[Cart]) -> dict[UUID, Wanted]:
    """The chosen method and the parcel of each cart that is to be sent, by the cart's id."""
    return {
        cart.id: (cart.shipping_method_id, parcel_of(cart))
        for cart in carts
        if cart.shipping_method_id is not None and cart_needs_shipping(cart)
    }


async def price(uow: UnitOfWork, carts: Sequence[Cart], tariff: Tariff | None = None) -> dict[UUID, Priced]:
    """The price of each cart by its id, in one round trip however many carts; none where the tariff is known.

    Raises:
        TotalsTooLarge: a sum is beyond what can be stored exactly.
    """
    wanted = wanted_of(carts)
    if tariff is None:
        tariff = await tariff_of(uow, wanted, {country for c in carts if (country := country_of(c))})
    quotes = {cart_id: quote for cart_id, quote in tariff.quotes.items() if cart_id in wanted}
    return {
        cart.id: Priced(
            compute(
                [Line(item.quantity, item.unit_amount, item.tax_class) for item in cart.items],
                shipping=quotes[cart.id].amount if cart.id in quotes else 0,
                taxes=tariff.taxes.get(country_of(cart) or ""),
            ),
            quotes.get(cart.id),
        )
        for cart in carts
    }


def country_of(cart: Cart) -> str | None:
    """Where it is sent, once that is known."""
    return cart.address["country"] if cart.address else None
