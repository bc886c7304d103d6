"""The states of a shipment."""

from enum import StrEnum

from libs.common.errors import InvalidTransition


class ShipmentStatus(StrEnum):
    """Where a shipment stands; it moves forward only, and may skip what the carrier did not report."""

    CREATED = "created"
    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"


_ORDER = list(ShipmentStatus)


def following(status: str) -> ShipmentStatus:
    """The state after this one; the last is followed by itself."""
    return _ORDER[min(_ORDER.index(ShipmentStatus(status)) + 1, len(_ORDER) - 1)]


def is_repeat(current: str, wanted: ShipmentStatus) -> bool:
    """Whether the report says what is known already.

    Raises:
        InvalidTransition: it would move the shipment back.
    """
    if _ORDER.index(wanted) < _ORDER.index(ShipmentStatus(current)):
        raise InvalidTransition(
            f"A shipment that is {current} does not become {wanted.value} again.", current_status=str(current)
        )
    return wanted == current
