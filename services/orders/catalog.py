"""What orders asks of the catalog: variants by id, and reservations of stock by order id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.actor import system_actor
from libs.common.money import Money
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem

_SHIPPED_TYPES = frozenset({"goods"})


@dataclass(frozen=True, slots=True)
class Variant:
    """What the catalog says of a variant. `price` in minor units, `weight_g` of one unit."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    price: int
    currency: str
    type: str
    tax_class: str
    weight_g: int
    options: dict[str, Any] = field(default_factory=dict)


class OfferChanged(Exception):
    """Some variant is not for sale as offered; `variants` are those for sale, as they are now."""

    def __init__(self, variants: dict[UUID, Variant]) -> None:
        super().__init__("an offer changed")
        self.variants = variants


def needs_shipping(kind: str, weight_g: int) -> bool:
    """Whether something of this product type travels: goods do, and bundles that weigh something."""
    return kind in _SHIPPED_TYPES or (kind == "bundle" and weight_g > 0)


class Catalog:
    """The catalog's internal contract, called as the orders service acting in one tenant."""

    def __init__(self, context: ServiceContext, tenant_id: UUID) -> None:
        self._upstreams = context.upstreams
        self._actor = system_actor("orders", tenant_id)

    async def variants(self, variant_ids: Iterable[UUID]) -> dict[UUID, Variant]:
        """The variants that are for sale among these, in one call; unknown, inactive and unpriced ones are absent.

        Raises:
            Unavailable, UpstreamTimeout: the catalog does not answer.
        """
        ids = sorted({str(variant_id) for variant_id in variant_ids})
        if not ids:
            return {}
        found = await self._upstreams.call(
            "catalog",
            "POST",
            "/internal/variants/lookup",
            actor=self._actor,
            json={"variant_ids": ids},
            safe=True,
        )
        return _for_sale(found["items"])

    async def reserve(
        self,
        order_id: UUID,
        lines: Sequence[tuple[UUID, int]],
        reserved_until: datetime,
        offers: Mapping[UUID, Money] | None = None,
    ) -> dict[UUID, Variant]:
        """Hold stock for an order; the same order again holds it once, and anew where it was freed meanwhile.

        With `offers`, prices by variant, nothing is held unless they stand; the answer is those variants as they are.

        Raises:
            OfferChanged: one is not for sale, or not at this price; nothing is held.
            UpstreamProblem: `insufficient-stock`, naming each line; nothing is held.
            Unavailable, UpstreamTimeout: the catalog does not answer; whether it is held is not known.
        """
        body: dict[str, Any] = {
            "lines": [
                {"variant_id": str(variant_id), "quantity": quantity} for variant_id, quantity in lines
            ],
            "expires_at": reserved_until.isoformat(),
            "renew": True,
        }
        if offers:
            body["offers"] = [
                {"variant_id": str(variant_id), "price": price.model_dump()}
                for variant_id, price in offers.items()
            ]
        path = f"/internal/reservations/{order_id}"
        try:
            held = await self._upstreams.call("catalog", "PUT", path, actor=self._actor, json=body, safe=True)
        except UpstreamProblem as error:
            if error.upstream_slug == "offer-changed":
                raise OfferChanged(_for_sale(error.problem["variants"])) from error
            if not (offers and _knows_no_offers(error)):
                raise
            return await self._reserve_after_a_look(path, body, offers)
        return _for_sale(held.get("variants", ()))

    async def _reserve_after_a_look(
        self, path: str, body: dict[str, Any], offers: Mapping[UUID, Money]
    ) -> dict[UUID, Variant]:
        """Ask for the prices first, then reserve: the way of release 0.1.0, beside whose catalog this may run."""
        found = await self.variants(offers)
        if any(
            variant_id not in found
            or (found[variant_id].price, found[variant_id].currency) != (offer.amount, offer.currency)
            for variant_id, offer in offers.items()
        ):
            raise OfferChanged(found)
        body = {name: value for name, value in body.items() if name != "offers"}
        await self._upstreams.call("catalog", "PUT", path, actor=self._actor, json=body, safe=True)
        return found

    async def release(self, order_id: UUID) -> None:
        """Free what is held for an order; freeing nothing is fine."""
        await self._upstreams.request(
            "catalog", "DELETE", f"/internal/reservations/{order_id}", actor=self._actor, safe=True
        )


def _knows_no_offers(error: UpstreamProblem) -> bool:
    errors = error.problem.get("errors") or ()
    return error.upstream_status == 422 and any(
        (one["loc"], one["type"]) == (["body", "offers"], "extra_forbidden") for one in errors
    )


def _for_sale(items: Iterable[dict[str, Any]]) -> dict[UUID, Variant]:
    found = [_variant(item) for item in items if item["status"] == "active" and item.get("price")]
    return {variant.variant_id: variant for variant in found}


def _variant(item: dict[str, Any]) -> Variant:
    return Variant(
        variant_id=UUID(item["variant_id"]),
        product_id=UUID(item["product_id"]),
        sku=item["sku"],
        name=item["name"],
        price=item["price"]["amount"],
        currency=item["price"]["currency"],
        type=item["type"],
        tax_class=item.get("tax_class") or "standard",
        weight_g=item.get("weight_g") or 0,
        options=item.get("options") or {},
    )
