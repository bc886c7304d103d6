"""Problems of shipments."""

from libs.common.errors import Conflict


class MoreThanOrdered(Conflict):
    """Fewer of a line are left to send than the shipment would hold; `unshipped` says how many."""

    slug = "more-than-ordered"
    title = "More than ordered"
