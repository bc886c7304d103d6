"""What can go wrong with stock."""

from libs.common.errors import Conflict


class InsufficientStock(Conflict):
    """Less is available than was asked for; `lines` names each variant with `requested` and `available`."""

    slug = "insufficient-stock"
    title = "Not enough in stock"


class StockNotKept(Conflict):
    """No stock is kept of this variant: its product is not goods, or `track_stock` is off."""

    slug = "stock-not-kept"
    title = "No stock is kept of this"
