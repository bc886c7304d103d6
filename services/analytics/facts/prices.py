"""Facts of prices: what variants have cost, and since when."""

from datetime import datetime
from uuid import UUID

from libs.contracts import catalog
from services.analytics.facts.models import PriceFact
from services.analytics.facts.writing import Facts, Projections, Shape, the_first

PRICE = Shape(PriceFact, ("product_id", "sku", "price", "currency"), sets=(), merge=the_first)

SHAPES = (PRICE,)


def price_changed(facts: Facts, tenant_id: UUID, time: datetime, event: catalog.PriceChanged) -> None:
    """A variant costs this much from now on."""
    row = {
        "tenant_id": tenant_id,
        "variant_id": event.variant_id,
        "changed_at": time,
        "product_id": event.product_id,
        "sku": event.sku,
        "price": event.price.amount,
        "currency": event.price.currency,
    }
    facts.write(PRICE, row)


PROJECTIONS: Projections = {catalog.PriceChanged: price_changed}
