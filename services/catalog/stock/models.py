"""Rows of stock levels and movements."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.catalog.db import Base


class StockLevel(TenantRow, Base):
    """How much of a variant lies in a store, and how much of that is spoken for.

    `reserved` is held for orders not yet paid, `allocated` for paid ones not yet shipped. The version is the
    revision that events carry.
    """

    __tablename__ = "stock_levels"
    __table_args__ = (
        *list_indexes("stock_levels", "store_id", unique=(("variant_id", "store_id"),)),
        Index("ix_stock_levels_updated_at", "tenant_id", "updated_at", "id"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("allocated >= 0", name="allocated"),
        CheckConstraint("reserved + allocated <= on_hand", name="held"),
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["catalog.variants.tenant_id", "catalog.variants.id"],
            name="fk_stock_levels_variant",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["catalog.stores.tenant_id", "catalog.stores.id"],
            name="fk_stock_levels_store",
        ),
    )

    variant_id: Mapped[UUID]
    store_id: Mapped[UUID]
    on_hand: Mapped[int] = mapped_column(default=0, server_default="0")
    reserved: Mapped[int] = mapped_column(default=0, server_default="0")
    allocated: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.on_hand - self.reserved - self.allocated


class Movement(TenantRow, Base):
    """One change of what lies in a store, with its cause. Never changed: a mistake is put right by another one."""

    __tablename__ = "movements"
    __table_args__ = (
        *list_indexes("movements", "variant_id", "store_id", "type", "cause_id"),
        search_index("catalog", "movements", "reason"),
    )

    type: Mapped[str]
    store_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    quantity: Mapped[int]
    on_hand_after: Mapped[int]
    reason: Mapped[str | None]
    # The shipment, transfer or count behind it.
    cause_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
