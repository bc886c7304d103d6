"""The rules of stock that people change: adjustments, transfers and counts."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.ids import new_id
from services.catalog.stock.book import StockBook
from services.catalog.stock.errors import InsufficientStock, StockNotKept
from services.catalog.stock.models import Movement
from services.catalog.stock.repository import MovementRepository, StockRepository
from services.catalog.stock.schemas import (
    AdjustmentCreate,
    CountCreate,
    MovementQuery,
    MovementType,
    StockQuery,
    TransferCreate,
)
from services.catalog.stores.repository import StoreRepository
from services.catalog.variants.repository import VariantRepository


def short_line(variant_id: UUID, requested: int, available: int) -> dict[str, Any]:
    """A line of the problem `insufficient-stock`."""
    return {"variant_id": str(variant_id), "requested": requested, "available": available}


class StockService:
    """Stock levels and movements."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.levels = StockRepository(uow)
        self.movements = MovementRepository(uow)
        self.stores = StoreRepository(uow)
        self.variants = VariantRepository(uow)

    async def list_levels(self, query: StockQuery) -> dict[str, Any]:
        """One page of stock levels, each with its SKU."""
        rows, cursor = await self.levels.page(query)
        labels = await self.variants.labels(row.variant_id for row in rows)
        items = [
            {
                "store_id": row.store_id,
                "variant_id": row.variant_id,
                "sku": labels[row.variant_id].sku,
                "on_hand": row.on_hand,
                "reserved": row.reserved,
                "allocated": row.allocated,
                "available": row.available,
                "revision": row.version,
                "updated_at": row.updated_at,
            }
            for row in rows
        ]
        return {"items": items, "next_cursor": cursor}

    async def list_movements(self, query: MovementQuery) -> dict[str, Any]:
        """One page of movements."""
        rows, cursor = await self.movements.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def adjust(self, body: AdjustmentCreate) -> Movement:
        """Add or remove pieces.

        Raises:
            InsufficientStock: it would leave less than is held for orders.
        """
        book = await self._open([body.variant_id], [body.store_id])
        level = book.level(body.variant_id, body.store_id)
        if level.available + body.quantity_delta < 0:
            line = short_line(body.variant_id, -body.quantity_delta, level.available)
            raise InsufficientStock("Less is available in this store.", lines=[line])
        movement = book.move(level, body.movement_type, body.quantity_delta, reason=body.reason)
        await book.close(body.movement_type)
        return movement

    async def transfer(self, body: TransferCreate) -> dict[str, Any]:
        """Move free pieces from one store to another.

        Raises:
            InsufficientStock: fewer are free there.
        """
        book = await self._open([body.variant_id], [body.from_store_id, body.to_store_id])
        source = book.level(body.variant_id, body.from_store_id)
        target = book.level(body.variant_id, body.to_store_id)
        if source.available < body.quantity:
            line = short_line(body.variant_id, body.quantity, source.available)
            raise InsufficientStock("Less is available in this store.", lines=[line])
        cause: dict[str, Any] = {"reason": body.reason, "cause_id": new_id()}
        movements = [
            book.move(source, MovementType.TRANSFER_OUT, -body.quantity, **cause),
            book.move(target, MovementType.TRANSFER_IN, body.quantity, **cause),
        ]
        await book.close("transfer")
        return {"id": cause["cause_id"], "movements": movements}

    async def count(self, body: CountCreate) -> dict[str, Any]:
        """Set what lies in a store to what was found there.

        Raises:
            InsufficientStock: fewer were found than are held for orders (`requested` is what is held).
        """
        book = await self._open([line.variant_id for line in body.lines], [body.store_id])
        count_id, movements, short = new_id(), [], []
        for line in body.lines:
            level = book.level(line.variant_id, body.store_id)
            held = level.reserved + level.allocated
            if line.counted < held:
                short.append(short_line(line.variant_id, held, line.counted))
            elif line.counted != level.on_hand:
                difference = line.counted - level.on_hand
                movements.append(
                    book.move(level, MovementType.COUNT, difference, reason=body.reason, cause_id=count_id)
                )
        if short:
            raise InsufficientStock("Orders hold more than was counted.", lines=short)
        await book.close("count")
        return {"id": count_id, "movements": movements}

    async def _open(self, variant_ids: Iterable[UUID], store_ids: Sequence[UUID]) -> StockBook:
        variants = set(variant_ids)
        kept = await self.variants.keep(variants)
        if variants - kept.keys():
            raise NotFound("There is no such variant.", resource="variant")
        if not all(found.has_stock for found in kept.values()):
            raise StockNotKept("Its product is not goods, or its stock is not tracked.")
        if set(store_ids) - await self.stores.keep(store_ids):
            raise NotFound("There is no such store.", resource="store")
        book = StockBook(self.uow)
        book.know(kept)
        await book.lock_pairs((variant_id, store_id) for variant_id in variants for store_id in store_ids)
        return book
