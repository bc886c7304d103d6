"""Rows of deal lines."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow
from libs.common.money import Money
from services.crm.db import Base


class DealLine(TenantRow, Base):
    """One product of a deal."""

    __tablename__ = "deal_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0", name="unit_price"),
        Index("ix_deal_lines_deal_id", "tenant_id", "deal_id", "position"),
    )

    deal_id: Mapped[UUID]
    position: Mapped[int]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int]
    currency: Mapped[str]
    product_id: Mapped[UUID | None]

    @property
    def unit_price(self) -> Money:
        """What one costs."""
        return Money(amount=self.unit_price_minor, currency=self.currency)

    @property
    def total(self) -> Money:
        """What all of them cost."""
        return self.unit_price * self.quantity
