"""Rows of variants."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.catalog.db import Base


class Variant(TenantRow, SoftDeleted, Base):
    """One sellable form of a product. Stock is kept of it when the product is goods and `track_stock` is set."""

    __tablename__ = "variants"
    __table_args__ = (
        *list_indexes("variants", "product_id"),
        Index(
            "uq_variants_sku", "tenant_id", "sku", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
        search_index("catalog", "variants", "sku"),
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["catalog.products.tenant_id", "catalog.products.id"],
            name="fk_variants_product",
        ),
    )

    product_id: Mapped[UUID]
    sku: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    barcode: Mapped[str | None]
    weight_g: Mapped[int | None]
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    track_stock: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    low_stock_threshold: Mapped[int | None]
    position: Mapped[int] = mapped_column(Integer, default=0, server_default="0")

    @property
    def price(self) -> Money | None:
        """The base price, or None while it has none."""
        found: Money | None = Money.of(self.price_amount, self.price_currency)
        return found


def display_name(product_name: str, options: dict[str, Any]) -> str:
    """What a customer reads on an order line: `Enamel mug (L, blue)`."""
    chosen = ", ".join(str(value) for value in options.values())
    return f"{product_name} ({chosen})" if chosen else product_name
