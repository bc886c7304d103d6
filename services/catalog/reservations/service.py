"""The rules of reservations: reserved → allocated → shipped, or released on the way.

Facts about orders may come late, twice and out of order. What is true of an order is decided by orders; here each
fact moves the reservation forward only where that still makes sense.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.contracts.catalog import StockAllocated, StockReleased, StockShipped
from services.catalog.reservations.errors import ReservationClosed
from services.catalog.reservations.holding import Holding, Lines, Pieces, summed, tracked_of
from services.catalog.reservations.models import Reservation, ReservationLine
from services.catalog.reservations.repository import ReservationRepository
from services.catalog.reservations.schemas import (
    ReleaseCause,
    ReservationQuery,
    ReservationRequest,
    ReservationStatus,
)
from services.catalog.stock.book import StockBook
from services.catalog.stock.errors import InsufficientStock
from services.catalog.stock.schemas import MovementType
from services.catalog.stock.service import short_line
from services.catalog.variants.offers import offered
from services.catalog.variants.repository import VariantRepository, kept

RESERVED, ALLOCATED, RELEASED, SHIPPED = ReservationStatus


class ReservationService:
    """Stock held for orders."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = ReservationRepository(uow)
        self.variants = VariantRepository(uow)

    async def list(self, query: ReservationQuery) -> dict[str, Any]:
        """One page of reservations with their lines."""
        rows, cursor = await self.rows.page(query)
        lines = await self.rows.lines_of(rows)
        return {"items": [self._shown(row, lines[row.id]) for row in rows], "next_cursor": cursor}

    async def reserve(self, order_id: UUID, body: ReservationRequest) -> dict[str, Any]:
        """Hold all the pieces or none, until a time; the same request again changes nothing but that time.

        The answer names the variants of the offers too.

        Raises:
            OfferChanged: a variant is not for sale as it is offered.
            InsufficientStock: naming every variant of which there is too little.
            ReservationClosed: it was released, and `renew` was not asked for.
        """
        wanted = summed(body.lines)
        named = self.variants.keeping([*wanted, *(offer.variant_id for offer in body.offers)])
        book = StockBook(self.uow)
        levels = book.locking_unless_reserved(order_id, wanted)
        row, is_new, (found, locked) = await self.rows.claim_and_read(order_id, named, levels)
        known = kept(found)
        variants = offered(body.offers, known)
        tracked = tracked_of(wanted, known)
        book.know(known)
        await book.know_locked(locked, tracked)
        return {**await self._hold_anew(row, is_new, body, tracked, book), "variants": variants}

    async def _hold_anew(
        self,
        row: Reservation,
        is_new: bool,
        body: ReservationRequest,
        tracked: Mapping[UUID, int],
        book: StockBook,
    ) -> dict[str, Any]:
        requested = {str(variant_id): quantity for variant_id, quantity in summed(body.lines).items()}
        if row.status in (ALLOCATED, SHIPPED):
            return await self.show(row)
        if row.status == RELEASED and not body.renew:
            raise ReservationClosed("Its stock was released.")
        if body.renew and not is_new:
            row.renewed_at = self.uow.now
        row.expires_at = body.expires_at
        if is_new or row.status == RELEASED or row.requested != requested:
            row.requested = requested
            return self._shown(row, await self._replace(row, tracked, book, is_new))
        await self.rows.save(row)
        return await self.show(row)

    async def _replace(
        self, row: Reservation, tracked: Mapping[UUID, int], book: StockBook, is_new: bool
    ) -> Sequence[ReservationLine]:
        """Hold these pieces in place of what was held; all changes are written in one flush.

        What a new reservation takes has been locked with it.
        """
        old = [] if is_new else (await self.rows.lines_of([row]))[row.id]
        if not is_new:
            await book.lock([*tracked, *(line.variant_id for line in old)])
        if row.status == RESERVED:
            for line in old:
                book.level(line.variant_id, line.store_id).reserved -= line.held
        holding = Holding(book, row, self.uow.now)
        short = holding.short(tracked)
        if short:
            raise InsufficientStock("Less is available than was asked for.", lines=short)
        if not is_new:
            await self.rows.drop_lines(row)
        lines = holding.hold(tracked, "reserved")
        row.status, row.reserved_at = RESERVED, self.uow.now
        row.released_at = row.release_cause = row.shortfall = None
        await self.rows.save(row)
        self.rows.add_lines(lines)
        await book.close("reserved")
        # Lines of which a part was shipped before stay beside the new ones.
        return lines if is_new else (await self.rows.lines_of([row]))[row.id]

    async def allocate(self, order_id: UUID, lines: Iterable[Pieces]) -> None:
        """An order is paid: what is reserved for it becomes its own.

        Where the hold has gone meanwhile (a late payment) free stock is taken; if that does not suffice, the
        shortfall is recorded and nothing is held. A cancelled order stays released.
        """
        row, is_new, held = await self.rows.claim_with_lines(order_id)
        if row.status in (ALLOCATED, SHIPPED) or row.release_cause == ReleaseCause.CANCELLED:
            return
        if row.status == RESERVED and not is_new:
            book = StockBook(self.uow)
            await book.lock(line.variant_id for line in held)
            Holding(book, row, self.uow.now).allocate(held)
            self._set_allocated(row)
            await book.close("allocated")
            await self.rows.save(row)
            return
        wanted = summed(lines)
        row.requested = {str(variant_id): quantity for variant_id, quantity in wanted.items()}
        if not await self._allocate_free(row, wanted) and is_new:
            row.status, row.released_at = RELEASED, self.uow.now
        await self.rows.save(row)

    async def retry(self, order_id: UUID) -> dict[str, Any]:
        """Try again to allocate what an order fell short of.

        Raises:
            InvalidTransition: it has no shortfall, or was cancelled.
            InsufficientStock: there is still too little.
        """
        row = await self.rows.known(order_id)
        if row is None:
            raise NotFound("There is no such reservation.", resource="reservation")
        if row.status != RELEASED or row.shortfall is None or row.release_cause == ReleaseCause.CANCELLED:
            raise InvalidTransition("It has no shortfall that could be filled.", current_status=row.status)
        wanted = {UUID(variant_id): quantity for variant_id, quantity in row.requested.items()}
        if not await self._allocate_free(row, wanted):
            raise InsufficientStock("Less is available than was asked for.", lines=row.shortfall)
        await self.rows.save(row)
        self.uow.audit("allocated", "reservation", row.id)
        return await self.show(row)

    async def _allocate_free(self, row: Reservation, wanted: Mapping[UUID, int]) -> bool:
        known = await self.variants.keep(wanted)
        tracked = tracked_of(wanted, known)
        book = StockBook(self.uow)
        book.know(known)
        await book.lock(tracked)
        holding = Holding(book, row, self.uow.now)
        short = holding.short(tracked)
        if short:
            row.shortfall = short
            return False
        await self.rows.drop_lines(row)
        self.rows.add_lines(holding.hold(tracked, "allocated"))
        row.released_at = row.release_cause = row.shortfall = None
        self._set_allocated(row)
        await book.close("allocated")
        return True

    async def release(
        self, order_id: UUID, cause: ReleaseCause, *, said_at: datetime | None = None, remember: bool = False
    ) -> None:
        """Free what is held for an order; what was shipped stays shipped.

        `said_at` is when the fact became true: one older than the last renewal is about a hold that is gone.
        With `remember` an order not heard of yet is noted as released, for facts that overtook each other.
        """
        if remember:
            row, is_new = await self.rows.claim(order_id)
        else:
            found = await self.rows.known(order_id)
            if found is None:
                return
            row, is_new = found, False
        if said_at is not None and row.renewed_at is not None and said_at < row.renewed_at:
            return
        if is_new or row.status == RELEASED:
            # A cancellation outlasts the other causes: a payment that comes after it allocates nothing.
            if is_new or cause is ReleaseCause.CANCELLED:
                row.status, row.release_cause = RELEASED, cause
                row.released_at = row.released_at or self.uow.now
                await self.rows.save(row)
            return
        # An order that was paid does not expire: such a fact is older than the payment.
        if row.status == SHIPPED or (row.status == ALLOCATED and cause is ReleaseCause.EXPIRED):
            return
        lines = (await self.rows.lines_of([row]))[row.id]
        book = StockBook(self.uow)
        await book.lock(line.variant_id for line in lines)
        await self._release(book, row, lines, cause)
        await book.close("released")

    async def release_stale(self, before: datetime, limit: int) -> int:
        """Free what the tenant's orders hold since before a time without having been paid; returns how many."""
        rows = await self.rows.due(before, limit)
        lines = await self.rows.lines_of(rows)
        book = StockBook(self.uow)
        await book.lock(line.variant_id for row in rows for line in lines[row.id])
        for row in rows:
            await self._release(book, row, lines[row.id], ReleaseCause.STALE)
        await book.close("released")
        return len(rows)

    async def ship(self, order_id: UUID, shipment_id: UUID, lines: Iterable[Pieces]) -> None:
        """A shipment left: take it off what is allocated to the order, and beyond that off free stock.

        Each shipment counts once. Pieces that were not in the books are recorded as a shortfall.
        """
        wanted = summed(lines)
        row, is_new, held = await self.rows.claim_with_lines(order_id)
        if is_new:
            row.status, row.released_at = RELEASED, self.uow.now
        if not await self.rows.mark_shipped(order_id, shipment_id):
            return
        known = await self.variants.keep(wanted)
        book = StockBook(self.uow)
        book.know(known)
        await book.lock([*wanted, *(line.variant_id for line in held)])
        holding = Holding(book, row, self.uow.now)
        if row.status == RESERVED:
            # The payment's own event is still on its way.
            holding.allocate(held)
            self._set_allocated(row)
        short = []
        has_moved = False
        taken: Lines = []
        is_allocated = row.status == ALLOCATED
        for variant_id, quantity in wanted.items():
            rest = holding.ship(held, variant_id, quantity, shipment_id) if is_allocated else quantity
            if variant_id in known and known[variant_id].has_stock:
                free = holding.ship_free(variant_id, rest, shipment_id)
                taken += free
                rest -= sum(line.quantity for line in free)
                if rest:
                    short.append(short_line(variant_id, quantity, quantity - rest))
            has_moved = has_moved or rest < quantity
        if short:
            row.shortfall = [*(row.shortfall or []), *short]
        if row.status == ALLOCATED and held and not any(line.held for line in held):
            row.status, row.shipped_at = SHIPPED, self.uow.now
        await self.rows.save(row)
        self.rows.save_lines(line for line in held if line.variant_id in wanted)
        self.rows.add_lines(taken)
        await book.close(MovementType.SALE)
        if has_moved:
            self.uow.emit(StockShipped(order_id=order_id, shipment_id=shipment_id))

    def _set_allocated(self, row: Reservation) -> None:
        row.status, row.allocated_at = ALLOCATED, self.uow.now
        self.uow.emit(StockAllocated(order_id=row.order_id))

    async def _release(
        self, book: StockBook, row: Reservation, lines: Sequence[ReservationLine], cause: ReleaseCause
    ) -> None:
        Holding(book, row, self.uow.now).release(lines, "reserved" if row.status == RESERVED else "allocated")
        self.rows.save_lines(line for line in lines if line.shipped_quantity)
        row.status, row.release_cause, row.released_at = RELEASED, cause, self.uow.now
        await self.rows.save(row)
        self.uow.emit(StockReleased(order_id=row.order_id, cause=cause))

    async def show(self, row: Reservation) -> dict[str, Any]:
        """A reservation with its lines."""
        return self._shown(row, (await self.rows.lines_of([row]))[row.id])

    @staticmethod
    def _shown(row: Reservation, lines: Sequence[ReservationLine]) -> dict[str, Any]:
        shown = {name: getattr(row, name) for name in _SHOWN}
        return shown | {"lines": list(lines)}


_SHOWN = (
    "order_id",
    "status",
    "expires_at",
    "reserved_at",
    "allocated_at",
    "released_at",
    "shipped_at",
    "release_cause",
    "shortfall",
)
