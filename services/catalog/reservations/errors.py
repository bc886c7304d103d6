"""What can go wrong with reservations."""

from libs.common.errors import Conflict


class ReservationClosed(Conflict):
    """The reservation of this order was released; only `renew` holds stock for it again."""

    slug = "reservation-closed"
    title = "The reservation is closed"
