"""What a product repeats of its variants, so that lists can filter and sort without joining them."""

from collections.abc import Sequence

from services.catalog.products.models import Product
from services.catalog.variants.models import Variant


def summarise(product: Product, variants: Sequence[Variant]) -> None:
    """Set the lowest price, the search text and the filter values from the variants in their order."""
    priced = [v for v in variants if v.price_amount is not None]
    # Amounts of two currencies do not compare: the first variant decides which one counts.
    currency = priced[0].price_currency if priced else None
    amounts = [v.price_amount for v in priced if v.price_currency == currency and v.price_amount is not None]
    product.price_amount = min(amounts, default=None)
    product.price_currency = currency
    product.search_text = " ".join([product.name, *(v.sku for v in variants)])
    values: dict[str, list[str]] = {}
    for source in (product.attributes, *(v.options for v in variants)):
        for name, value in source.items():
            known = values.setdefault(name, [])
            known += [item for item in (value if isinstance(value, list) else [value]) if item not in known]
    product.filter_values = values
