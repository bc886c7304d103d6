"""What can go wrong with variants."""

from libs.common.errors import Conflict


class VariantHasStock(Conflict):
    """Pieces of it lie in a store; write them off or archive the product instead."""

    slug = "variant-has-stock"
    title = "There is stock of it"


class TooManyVariants(Conflict):
    """A product has as many variants as it may; `limit` says how many."""

    slug = "too-many-variants"
    title = "Too many variants"


class OfferChanged(Conflict):
    """A variant is not for sale as the caller offered it to a customer; `variants` says how all of them are now."""

    slug = "offer-changed"
    title = "Not for sale as offered"
