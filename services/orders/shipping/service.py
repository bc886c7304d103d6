"""The rules of shipping accounts, and the prices of their methods."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import ValidationFailed
from libs.common.money import Money
from libs.common.resource import ResourceService
from services.orders.catalog import Catalog, needs_shipping
from services.orders.errors import CurrencyMismatch, UnknownVariant
from services.orders.shipping.models import ShippingAccount, ShippingMethod
from services.orders.shipping.providers.base import Parcel, Quote
from services.orders.shipping.providers.registry import PROVIDERS
from services.orders.shipping.repository import ShippingAccountRepository, ShippingMethodRepository
from services.orders.shipping.schemas import RateIn, RatesRequest

# A method by its id, and what it is to take.
Wanted = tuple[UUID, Parcel]


class ShippingAccountService(ResourceService[ShippingAccount]):
    """Shipping accounts of a business; their rates keep their ids while they are listed."""

    repository = ShippingAccountRepository
    noun = "shipping_account"
    _sent_rates: list[RateIn] | None = None

    async def create(self, body: BaseModel) -> ShippingAccount:
        """Add an account with its rates."""
        return await self._with_rates(await super().create(body))

    async def update(self, row_id: UUID, body: BaseModel) -> ShippingAccount:
        """Change an account, and its table of rates where one was sent."""
        return await self._with_rates(await super().update(row_id, body))

    async def prepare(self, values: dict[str, Any], row: ShippingAccount | None) -> dict[str, Any]:
        """Keep the provider, and lay the table of rates aside."""
        if row is not None and values.get("provider", row.provider) != row.provider:
            raise ValidationFailed("An account stays with its provider; add another account.")
        rates = values.pop("rates", None)
        self._sent_rates = None if rates is None else [RateIn.model_validate(rate) for rate in rates]
        return values

    async def before_delete(self, row: ShippingAccount) -> None:
        """Take its methods out of the offer too."""
        for method in row.rates:
            method.deleted_at = self.uow.now

    async def _with_rates(self, row: ShippingAccount) -> ShippingAccount:
        session = self.uow.session
        await session.refresh(row, ["rates"])
        if self._sent_rates is not None:
            known = {method.id: method for method in row.rates}
            for position, rate in enumerate(self._sent_rates):
                method = self._method(rate, known)
                method.account_id, method.position = row.id, position
                session.add(method)
            for method in known.values():
                method.deleted_at = self.uow.now
            await session.flush()
            await session.refresh(row, ["rates"])
            rates = [rate.model_dump(mode="json") for rate in self._sent_rates]
            self.uow.audit("rates_set", self.noun, row.id, after={"rates": rates})
        return row

    def _method(self, rate: RateIn, known: dict[UUID, ShippingMethod]) -> ShippingMethod:
        if rate.id is None:
            method = ShippingMethod(tenant_id=self.uow.tenant_id)
        elif rate.id in known:
            method = known.pop(rate.id)
        else:
            raise ValidationFailed(
                "A rate id is not one of this account, or came twice.", rate_id=str(rate.id)
            )
        method.name, method.country = rate.name, rate.country
        method.amount, method.currency = rate.amount.amount, rate.amount.currency
        method.free_amount = rate.free_from.amount if rate.free_from else None
        method.weight_min_g, method.weight_max_g = rate.weight_min_g, rate.weight_max_g
        return method


class ShippingService:
    """What it costs to send something."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self._methods = ShippingMethodRepository(uow)

    async def quotes(self, parcel: Parcel) -> list[Quote]:
        """Every method that takes the parcel, cheapest first."""
        found = await _quotes(await self._methods.by_provider(), parcel)
        return sorted(found, key=lambda quote: (quote.amount, quote.name, quote.method_id))

    async def rates(self, body: RatesRequest) -> list[Quote]:
        """Every method that takes these items to this address.

        Raises:
            UnknownVariant, CurrencyMismatch: a variant is not for sale, or not in this currency.
        """
        variants = await Catalog(self.uow.context, self.uow.tenant_id).variants(
            i.variant_id for i in body.items
        )
        unknown = [str(item.variant_id) for item in body.items if item.variant_id not in variants]
        if unknown:
            raise UnknownVariant("Some items are not for sale.", variant_ids=unknown)
        if any(variant.currency != body.currency for variant in variants.values()):
            raise CurrencyMismatch("Some items are sold in another currency.", currency=body.currency)
        sent = [
            (variants[item.variant_id], item.quantity)
            for item in body.items
            if needs_shipping(variants[item.variant_id].type, variants[item.variant_id].weight_g)
        ]
        return await self.quotes(
            Parcel(
                weight_g=sum(variant.weight_g * quantity for variant, quantity in sent),
                subtotal=sum(variants[i.variant_id].price * i.quantity for i in body.items),
                currency=body.currency,
                country=body.address.country,
            )
        )


async def quote_each(
    wanted: dict[UUID, Wanted], methods: Sequence[tuple[str, ShippingMethod]]
) -> dict[UUID, Quote]:
    """Price one method for each of several parcels: key -> (method, parcel) gives key -> quote.

    `methods` are those named, with their providers. A key whose method is gone or does not take the parcel is absent.
    """
    known = {method.id: (provider, method) for provider, method in methods}
    found: dict[UUID, Quote] = {}
    for key, (method_id, parcel) in wanted.items():
        if method_id in known:
            provider, method = known[method_id]
            for quote in await PROVIDERS[provider].quotes([method], parcel):
                found[key] = quote
    return found


async def _quotes(methods: list[tuple[str, ShippingMethod]], parcel: Parcel) -> list[Quote]:
    found: list[Quote] = []
    for _, group in groupby(methods, key=lambda pair: pair[1].account_id):
        pairs = list(group)
        found += await PROVIDERS[pairs[0][0]].quotes([method for _, method in pairs], parcel)
    return found


def quote_out(quote: Quote) -> dict[str, Any]:
    """A quote as the API shows it."""
    return {
        "id": quote.method_id,
        "name": quote.name,
        "amount": Money(amount=quote.amount, currency=quote.currency),
        "account_id": quote.account_id,
    }
