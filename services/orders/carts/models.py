"""Rows of carts and their items."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.ids import new_id
from services.orders.db import Base


class CartStatus(StrEnum):
    """Where a cart stands."""

    OPEN = "open"
    CHECKED_OUT = "checked_out"
    ABANDONED = "abandoned"


class CartItem(TenantRow, Base):
    """A variant in a cart, with what the catalog said of it when it was last looked up."""

    __tablename__ = "cart_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "cart_id"], ["orders.carts.tenant_id", "orders.carts.id"], ondelete="CASCADE"
        ),
        CheckConstraint("quantity BETWEEN 1 AND 1000000", name="quantity"),
        CheckConstraint("unit_amount >= 0", name="unit_amount"),
        Index("uq_cart_items_cart_id_variant_id", "tenant_id", "cart_id", "variant_id", unique=True),
    )

    cart_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    tax_class: Mapped[str]
    weight_g: Mapped[int]
    options: Mapped[dict[str, Any]]
    quantity: Mapped[int]
    unit_amount: Mapped[int]


class Cart(TenantRow, Base):
    """What somebody is about to order.

    `order_id` is the id that its order will have, chosen beforehand so that every try at a checkout reserves under
    the same id. `token_hash` is what is kept of the secret that opens it.
    """

    __tablename__ = "carts"
    __table_args__ = (
        *list_indexes(
            "carts",
            "status",
            "customer_user_id",
            "token_hash",
            order=("updated_at",),
            unique=(("order_id",),),
        ),
        Index("ix_carts_idle", "updated_at", postgresql_where=text("status = 'open'")),
        search_index("orders", "carts", "email", "note"),
        *person_indexes("orders", "carts", "customer_user_id", address="email"),
    )

    status: Mapped[str] = mapped_column(default=CartStatus.OPEN)
    currency: Mapped[str]
    customer_user_id: Mapped[UUID | None]
    token_hash: Mapped[str | None]
    order_id: Mapped[UUID] = mapped_column(default=new_id)
    email: Mapped[str | None]
    note: Mapped[str | None]
    address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping_method_id: Mapped[UUID | None]
    merged_into_id: Mapped[UUID | None]

    items: Mapped[list[CartItem]] = relationship(
        CartItem, order_by=CartItem.id, lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )
