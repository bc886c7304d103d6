"""The rules of prices."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Money
from libs.contracts.catalog import PriceChanged
from services.catalog.prices.models import PriceRecord
from services.catalog.prices.repository import PriceRepository
from services.catalog.prices.schemas import PriceHistoryQuery
from services.catalog.variants.models import Variant


class PriceService:
    """What variants cost, and what they cost before."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PriceRepository(uow)

    def set(self, variant: Variant, price: Money) -> PriceRecord | None:
        """Give a variant a price, with its record and event; None when it has that price already.

        The variant must have its id and be locked (or new); the caller flushes.
        """
        old = variant.price
        if (variant.price_amount, variant.price_currency) == (price.amount, price.currency):
            return None
        variant.price_amount, variant.price_currency = price.amount, price.currency
        record = PriceRecord(
            tenant_id=variant.tenant_id,
            variant_id=variant.id,
            amount=price.amount,
            currency=price.currency,
            old_amount=old.amount if old else None,
            old_currency=old.currency if old else None,
            actor_id=self.uow.actor.user_id,
            created_at=self.uow.now,
            updated_at=self.uow.now,
        )
        self.uow.session.add(record)
        self.uow.emit(
            PriceChanged(
                variant_id=variant.id,
                product_id=variant.product_id,
                sku=variant.sku,
                old_price=old,
                price=price,
            )
        )
        return record

    async def present(self, variant_id: UUID) -> PriceRecord | None:
        """The newest price of a variant."""
        return await self.rows.present(variant_id)

    async def history(self, variant_id: UUID, query: PriceHistoryQuery) -> dict[str, Any]:
        """One page of the prices that a variant has had."""
        rows, cursor = await PriceRepository(self.uow, variant_id).page(query)
        return {"items": rows, "next_cursor": cursor}
