"""What a shipping provider does, and the values it takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent where: grams, the value of the goods in minor units, ISO country (None if not known yet)."""

    weight_g: int
    subtotal: int
    currency: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Quote:
    """What one method would cost, in minor units."""

    method_id: UUID
    account_id: UUID
    name: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Booking:
    """A shipment as the carrier knows it."""

    carrier: str
    tracking_reference: str


class ShippingProvider(Protocol):
    """One kind of shipping account."""

    name: str
    # Whether no carrier reports on its shipments, so that people do, or the tracking simulator.
    self_tracked: bool

    async def quotes(self, methods: Sequence[Any], parcel: Parcel) -> list[Quote]:
        """The methods, among these of one account, that take the parcel, with their prices."""
        ...

    async def book(self, shipment_id: UUID) -> Booking:
        """Hand a shipment over; the same shipment again gives the same booking."""
        ...
