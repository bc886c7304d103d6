"""Rows of prices."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.money import Money
from services.catalog.db import Base


class PriceRecord(TenantRow, Base):
    """That a variant cost so much from a time on. Never changed; the newest one is the price now."""

    __tablename__ = "prices"
    __table_args__ = list_indexes("prices", "variant_id")

    variant_id: Mapped[UUID]
    amount: Mapped[int]
    currency: Mapped[str]
    old_amount: Mapped[int | None]
    old_currency: Mapped[str | None]
    actor_id: Mapped[UUID | None]

    @property
    def price(self) -> Money:
        """What it costs from then on."""
        return Money(amount=self.amount, currency=self.currency)

    @property
    def old_price(self) -> Money | None:
        """What it cost before, or None for the first price."""
        found: Money | None = Money.of(self.old_amount, self.old_currency)
        return found
