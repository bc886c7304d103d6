"""The states of an order and the steps between them, as one table."""

from enum import StrEnum

from libs.common.errors import InvalidTransition


class OrderStatus(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    PLACED = "placed"
    PAID = "paid"
    FULFILLING = "fulfilling"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


S = OrderStatus
# An expired order comes back by a late payment, if the stock is still to be had. A cancelled one does not: somebody
# decided it, so its money is given back.
# A paid order without goods has nothing to ship and is completed at once.
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.DRAFT: frozenset({S.PLACED, S.CANCELLED}),
    S.PLACED: frozenset({S.PAID, S.CANCELLED, S.EXPIRED}),
    S.PAID: frozenset({S.FULFILLING, S.COMPLETED, S.CANCELLED}),
    S.FULFILLING: frozenset({S.SHIPPED}),
    S.SHIPPED: frozenset({S.DELIVERED}),
    S.DELIVERED: frozenset({S.COMPLETED}),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset({S.PAID}),
}
# States in which the order has been paid for.
PAID_FOR = frozenset({S.PAID, S.FULFILLING, S.SHIPPED, S.DELIVERED, S.COMPLETED})


def check(current: str, wanted: OrderStatus) -> None:
    """Refuse a step that the table does not have.

    Raises:
        InvalidTransition: with both states.
    """
    if wanted not in TRANSITIONS[OrderStatus(current)]:
        raise InvalidTransition(
            f"An order that is {current} cannot become {wanted.value}.",
            current_status=str(current),
            wanted_status=wanted.value,
        )
