"""Rows of assigned products."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.catalog.db import Base


class AssignedProduct(TenantRow, Base):
    """One of the operator's products that a business has, as it was when it was assigned.

    The rows belong to the operator tenant; `company_id` is the business.
    """

    __tablename__ = "assigned_products"
    __table_args__ = (
        *list_indexes("assigned_products", "company_id", "sku", "status"),
        Index("ix_assigned_products_updated_at", "tenant_id", "updated_at", "id"),
        Index("uq_assigned_products", "tenant_id", "company_id", "product_id", unique=True),
        search_index("catalog", "assigned_products", "sku", "name"),
    )

    company_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    status: Mapped[str]
    assigned_at: Mapped[datetime]
    # The run of setting the business up by which it was last given or taken back; 0 before any.
    run: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def price(self) -> Money:
        """What it cost when it was assigned."""
        return Money(amount=self.price_amount, currency=self.price_currency)
