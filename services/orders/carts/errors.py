"""Problems of carts."""

from libs.common.errors import Conflict, ValidationFailed


class CartNotOpen(Conflict):
    """The cart was checked out or given up; `order_id` names the order it became. Start another cart."""

    slug = "cart-not-open"
    title = "The cart is closed"


class QuantityTooLarge(ValidationFailed):
    """A line may hold up to 1,000,000 of one variant."""

    slug = "quantity-too-large"
    title = "Too many"


class TooManyLines(ValidationFailed):
    """A cart may hold up to 200 different variants."""

    slug = "too-many-lines"
    title = "Too many lines"
