"""A business's own delivery at prices from a table: by weight, country and value of the goods."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.orders.shipping.providers.base import Booking, Parcel, Quote


class TableProvider:
    """Prices come from the rates of the account; the business carries the goods itself."""

    name = "table"
    self_tracked = True

    async def quotes(self, methods: Sequence[Any], parcel: Parcel) -> list[Quote]:
        """The rates that take the parcel; one with `free_amount` costs nothing from that subtotal on."""
        return [
            Quote(method.id, method.account_id, method.name, _price(method, parcel), method.currency)
            for method in methods
            if _takes(method, parcel)
        ]

    async def book(self, shipment_id: UUID) -> Booking:
        """A reference derived from the shipment's id."""
        digest = hashlib.sha256(shipment_id.bytes).digest()
        return Booking("table", f"T{base64.b32encode(digest[:10]).decode()}")


def _takes(method: Any, parcel: Parcel) -> bool:
    return (
        method.currency == parcel.currency
        and (method.country is None or method.country == parcel.country)
        and (method.weight_min_g is None or parcel.weight_g >= method.weight_min_g)
        and (method.weight_max_g is None or parcel.weight_g <= method.weight_max_g)
    )


def _price(method: Any, parcel: Parcel) -> int:
    free = method.free_amount is not None and parcel.subtotal >= method.free_amount
    return 0 if free else int(method.amount)
