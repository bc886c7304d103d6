"""What other services are told of variants, and whether what they offer for them still stands."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.catalog.products.schemas import ProductStatus
from services.catalog.variants.errors import OfferChanged
from services.catalog.variants.models import display_name
from services.catalog.variants.repository import Kept
from services.catalog.variants.schemas import LookupItem, Offer


def told(variant: Kept) -> dict[str, Any]:
    """A variant as `LookupItem` shows it."""
    return {
        "variant_id": variant.id,
        "product_id": variant.product_id,
        "sku": variant.sku,
        "name": display_name(variant.product_name, variant.options),
        "product_name": variant.product_name,
        "price": variant.price,
        "weight_g": variant.weight_g,
        "type": variant.type,
        "status": variant.status,
        "tax_class": variant.tax_class,
        "options": variant.options,
        "track_stock": variant.has_stock,
    }


def offered(offers: Sequence[Offer], known: Mapping[UUID, Kept]) -> list[dict[str, Any]]:
    """The variants of these offers, all of them for sale at the price offered.

    Raises:
        OfferChanged: one of them is not.
    """
    wanted = sorted({offer.variant_id for offer in offers})
    found = [told(known[key]) for key in wanted if key in known and not known[key].is_withdrawn]
    prices = {item["variant_id"]: item["price"] for item in found if item["status"] == ProductStatus.ACTIVE}
    if any(prices.get(offer.variant_id) != offer.price for offer in offers):
        variants = [LookupItem.model_validate(item).model_dump(mode="json") for item in found]
        raise OfferChanged("Take the variants as they are now.", variants=variants)
    return found
