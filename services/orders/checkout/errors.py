"""Problems of placing an order."""

from libs.common.errors import Conflict


class CartEmpty(Conflict):
    """There is nothing in the cart to order."""

    slug = "cart-empty"
    title = "The cart is empty"


class PriceChanged(Conflict):
    """Prices changed since the items were put in; `lines` names each with its old and new price.

    The cart has the new prices now: look at it again and check out once more.
    """

    slug = "price-changed"
    title = "Prices changed"
