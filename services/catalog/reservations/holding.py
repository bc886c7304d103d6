"""The pieces of a reservation: taken from stock, held, allocated, shipped and freed, line by line, on locked levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from libs.common.db.direct import unsaved
from libs.common.ids import new_id
from services.catalog.reservations.models import Reservation, ReservationLine
from services.catalog.stock.book import StockBook
from services.catalog.stock.schemas import MovementType
from services.catalog.stock.service import short_line
from services.catalog.variants.repository import Kept

# Lines of the problem `insufficient-stock`, and of a shortfall.
ShortLines = list[dict[str, Any]]
Lines = list[ReservationLine]
# The column of a stock level that says how pieces are held.
Held = Literal["reserved", "allocated"]


class Pieces(Protocol):
    """A line of an order, request or shipment."""

    @property
    def variant_id(self) -> UUID:
        """What."""
        ...

    @property
    def quantity(self) -> int:
        """How many."""
        ...


def summed(lines: Iterable[Pieces]) -> dict[UUID, int]:
    """Pieces by variant: lines that share a variant share its stock."""
    total: dict[UUID, int] = {}
    for line in lines:
        total[line.variant_id] = total.get(line.variant_id, 0) + line.quantity
    return total


def tracked_of(wanted: Mapping[UUID, int], kept: Mapping[UUID, Kept]) -> dict[UUID, int]:
    """The pieces of which stock is kept. An unknown variant is among them: of it nothing is available."""
    return {v: quantity for v, quantity in wanted.items() if v not in kept or kept[v].has_stock}


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held for one reservation, on the levels of a book that are locked."""

    book: StockBook
    row: Reservation
    now: datetime

    def short(self, wanted: Mapping[UUID, int]) -> ShortLines:
        """Of what there is too little."""
        return [
            short_line(variant_id, quantity, self.book.available(variant_id))
            for variant_id, quantity in wanted.items()
            if self.book.available(variant_id) < quantity
        ]

    def hold(self, wanted: Mapping[UUID, int], column: Held) -> Lines:
        """Hold free pieces; the new lines."""
        lines = []
        for variant_id, quantity in wanted.items():
            for level, part in self.book.take(variant_id, quantity):
                setattr(level, column, getattr(level, column) + part)
                lines.append(self._line(level.store_id, variant_id, part))
        return lines

    def allocate(self, held: Sequence[ReservationLine]) -> None:
        """Make what is reserved the order's own."""
        for line in held:
            level = self.book.level(line.variant_id, line.store_id)
            level.reserved -= line.held
            level.allocated += line.held

    def release(self, held: Sequence[ReservationLine], column: Held) -> None:
        """Free what is held; what was shipped of a line stays on it."""
        for line in held:
            level = self.book.level(line.variant_id, line.store_id)
            setattr(level, column, getattr(level, column) - line.held)
            if line.shipped_quantity:
                line.quantity = line.shipped_quantity

    def ship(
        self, held: Sequence[ReservationLine], variant_id: UUID, quantity: int, shipment_id: UUID
    ) -> int:
        """Take pieces off what is allocated; how many are still to be taken."""
        for line in held:
            part = min(line.held, quantity) if line.variant_id == variant_id else 0
            if part:
                level = self.book.level(variant_id, line.store_id)
                level.allocated -= part
                line.shipped_quantity += part
                self._sell(level, part, shipment_id)
                quantity -= part
        return quantity

    def ship_free(self, variant_id: UUID, quantity: int, shipment_id: UUID) -> Lines:
        """Take pieces off free stock, as many as there are; the new lines."""
        lines = []
        for level, part in self.book.take(variant_id, quantity):
            self._sell(level, part, shipment_id)
            line = self._line(level.store_id, variant_id, part)
            line.shipped_quantity = part
            lines.append(line)
        return lines

    def _sell(self, level: Any, part: int, shipment_id: UUID) -> None:
        self.book.move(level, MovementType.SALE, -part, cause_id=shipment_id, order_id=self.row.order_id)

    def _line(self, store_id: UUID, variant_id: UUID, quantity: int) -> ReservationLine:
        return unsaved(
            ReservationLine,
            id=new_id(),
            tenant_id=self.row.tenant_id,
            reservation_id=self.row.id,
            variant_id=variant_id,
            store_id=store_id,
            quantity=quantity,
            shipped_quantity=0,
            created_at=self.now,
            updated_at=self.now,
            version=1,
        )
