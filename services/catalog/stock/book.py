"""The stock book: the one place that changes stock levels, writes movements and tells of both.

A unit of work opens one book, locks the variants it is about, changes levels, and closes it.
"""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from libs.common.db.direct import Row, Run, hydrated, unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.contracts.catalog import StockChanged, StockLow
from services.catalog.stock.models import Movement, StockLevel
from services.catalog.stock.repository import MovementRepository, StockRepository
from services.catalog.stock.schemas import MovementType
from services.catalog.variants.models import display_name
from services.catalog.variants.repository import Kept, Label, VariantRepository


class StockBook:
    """Locked stock levels of one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self._rows = StockRepository(uow)
        self._movements = MovementRepository(uow)
        self._variants = VariantRepository(uow)
        self._labels: dict[UUID, Label] = {}
        self._levels: dict[tuple[UUID, UUID], StockLevel] = {}
        self._before: dict[tuple[UUID, UUID], tuple[int, int, int]] = {}
        self._defaults: set[UUID] = set()

    def know(self, kept: Mapping[UUID, Kept]) -> None:
        """Take over how variants are called, which is then not asked for again."""
        self._labels |= {variant_id: found.label for variant_id, found in kept.items()}

    async def lock(self, variant_ids: Iterable[UUID]) -> None:
        """Lock the levels of all these variants. To be called once, so that the order of locks holds."""
        wanted = set(variant_ids)
        if wanted:
            await self._take_over(await self._rows.lock(wanted))

    def locking_unless_reserved(self, order_id: UUID, variant_ids: Iterable[UUID]) -> Run:
        """The statement that locks the levels of these variants for an order without a reservation."""
        return self._rows.locking_unless_reserved(order_id, variant_ids)

    async def know_locked(self, rows: Iterable[Row], variant_ids: Collection[UUID]) -> None:
        """Take over what `locking_unless_reserved` has locked, as far as it is of these variants."""
        await self._take_over(
            level for level in hydrated(StockLevel, rows) if level.variant_id in variant_ids
        )

    async def _take_over(self, levels: Iterable[StockLevel]) -> None:
        for level in levels:
            key = (level.variant_id, level.store_id)
            self._levels[key] = level
            self._before[key] = (level.on_hand, level.reserved, level.allocated)
        stores = {store_id for _, store_id in self._levels}
        if len(stores) > 1:
            self._defaults = await self._rows.default_stores(stores)

    async def lock_pairs(self, pairs: Iterable[tuple[UUID, UUID]]) -> None:
        """Lock the levels of these (variant, store) pairs, making those that do not exist yet."""
        wanted = list(pairs)
        await self._rows.ensure(wanted)
        await self.lock(variant_id for variant_id, _ in wanted)

    def level(self, variant_id: UUID, store_id: UUID) -> StockLevel:
        """The locked level of a variant in a store."""
        return self._levels[(variant_id, store_id)]

    def available(self, variant_id: UUID) -> int:
        """What can be promised of a variant over all stores."""
        return sum(level.available for level in self._of(variant_id))

    def take(self, variant_id: UUID, quantity: int) -> list[tuple[StockLevel, int]]:
        """Share a quantity among the stores that have free pieces: the default one first, then the fullest.

        The parts add up to less than the quantity where less is available. Nothing is changed yet.
        """
        parts = []
        for level in sorted(self._of(variant_id), key=self._preference):
            part = min(level.available, quantity)
            if part > 0:
                parts.append((level, part))
                quantity -= part
        return parts

    def _of(self, variant_id: UUID) -> list[StockLevel]:
        return [level for (of, _), level in self._levels.items() if of == variant_id]

    def _preference(self, level: StockLevel) -> tuple[bool, int, UUID]:
        return (level.store_id not in self._defaults, -level.available, level.store_id)

    def move(
        self,
        level: StockLevel,
        kind: MovementType,
        quantity: int,
        *,
        reason: str | None = None,
        cause_id: UUID | None = None,
        order_id: UUID | None = None,
    ) -> Movement:
        """Change what lies in the store and write the movement that says why."""
        level.on_hand += quantity
        movement = unsaved(
            Movement,
            id=new_id(),
            tenant_id=level.tenant_id,
            type=kind,
            store_id=level.store_id,
            variant_id=level.variant_id,
            quantity=quantity,
            on_hand_after=level.on_hand,
            reason=reason,
            cause_id=cause_id,
            order_id=order_id,
            actor_id=self.uow.actor.user_id,
            created_at=self.uow.now,
            updated_at=self.uow.now,
            version=1,
        )
        self._movements.record(movement)
        return movement

    async def close(self, cause: str) -> None:
        """Write what changed, and emit an event for each level that did and for each that fell to its threshold."""
        changed = [level for key, level in self._levels.items() if self._state(level) != self._before[key]]
        if changed:
            self._rows.write(changed)
            await self._tell(changed, cause)

    async def _tell(self, changed: list[StockLevel], cause: str) -> None:
        unknown = {level.variant_id for level in changed} - self._labels.keys()
        if unknown:
            self._labels |= await self._variants.labels(unknown)
        for level in changed:
            label = self._labels[level.variant_id]
            changed_event = StockChanged(
                store_id=level.store_id,
                variant_id=level.variant_id,
                sku=label.sku,
                on_hand=level.on_hand,
                reserved=level.reserved,
                allocated=level.allocated,
                available=level.available,
                revision=level.version,
                cause=cause,
            )
            self.uow.emit(changed_event)
            key = (level.variant_id, level.store_id)
            on_hand, reserved, allocated = self._before[key]
            threshold = label.low_stock_threshold
            if threshold is not None and level.available <= threshold < on_hand - reserved - allocated:
                low = StockLow(
                    store_id=level.store_id,
                    variant_id=level.variant_id,
                    sku=label.sku,
                    name=display_name(label.product_name, label.options),
                    available=level.available,
                    threshold=threshold,
                )
                self.uow.emit(low)
            self._before[key] = self._state(level)

    @staticmethod
    def _state(level: StockLevel) -> tuple[int, int, int]:
        return (level.on_hand, level.reserved, level.allocated)
