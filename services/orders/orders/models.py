"""Rows of orders and their lines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.orders.catalog import needs_shipping
from services.orders.db import Base
from services.orders.orders.states import OrderStatus


class OrderLine(TenantRow, Base):
    """One variant of an order, with what it was and cost when the order was placed."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.orders.tenant_id", "orders.orders.id"]),
        CheckConstraint("total_amount = unit_amount * quantity - discount_amount", name="total"),
        CheckConstraint("quantity >= 1 AND shipped_quantity BETWEEN 0 AND quantity", name="quantity"),
        Index("ix_order_lines_order_id", "tenant_id", "order_id", "position"),
    )

    order_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(Integer)
    variant_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    tax_class: Mapped[str]
    weight_g: Mapped[int]
    options: Mapped[dict[str, Any]]
    currency: Mapped[str]
    quantity: Mapped[int]
    shipped_quantity: Mapped[int] = mapped_column(default=0)
    unit_amount: Mapped[int]
    discount_amount: Mapped[int]
    tax_amount: Mapped[int]
    # Null where the order was placed before lines said it.
    tax_included_amount: Mapped[int | None]
    total_amount: Mapped[int]

    @property
    def line_id(self) -> UUID:
        """The id, by its name in events."""
        return self.id

    @property
    def unit_price(self) -> Money:
        """What one costs."""
        return Money(amount=self.unit_amount, currency=self.currency)

    @property
    def discount(self) -> Money:
        """What was taken off."""
        return Money(amount=self.discount_amount, currency=self.currency)

    @property
    def tax(self) -> Money:
        """The tax added for this line."""
        return Money(amount=self.tax_amount, currency=self.currency)

    @property
    def tax_included(self) -> Money | None:
        """The tax that the line's total contains already."""
        included: Money | None = Money.of(self.tax_included_amount, self.currency)
        return included

    @property
    def total(self) -> Money:
        """What the line costs after its discount."""
        return Money(amount=self.total_amount, currency=self.currency)

    @property
    def needs_shipping(self) -> bool:
        """Whether it travels."""
        return needs_shipping(self.type, self.weight_g)

    @property
    def unshipped(self) -> int:
        """How many are still to be sent."""
        return self.quantity - self.shipped_quantity if self.needs_shipping else 0


class Order(TenantRow, Base):
    """What somebody ordered. `steps` counts its changes of state; the timeline tells each."""

    __tablename__ = "orders"
    __table_args__ = (
        *list_indexes(
            "orders",
            "status",
            "email",
            "customer_user_id",
            "cart_token_hash",
            order=("updated_at",),
            unique=(("number",),),
        ),
        search_index("orders", "orders", "number", "email", "customer_name"),
        CheckConstraint(
            "total_amount = subtotal_amount - discount_amount + shipping_amount + tax_amount", name="total"
        ),
        Index("ix_orders_placed_at", "tenant_id", "placed_at", "id"),
        Index("ix_orders_total_amount", "tenant_id", "total_amount", "id"),
        # Calls of other services may know an order by its id alone.
        Index("ix_orders_id", "id"),
        Index("ix_orders_due", "reserved_until", postgresql_where=text("status = 'placed'")),
        Index("ix_orders_delivered", "delivered_at", postgresql_where=text("status = 'delivered'")),
        *person_indexes("orders", "orders", "customer_user_id", address="email"),
    )

    number: Mapped[str | None]
    status: Mapped[str]
    steps: Mapped[int] = mapped_column(Integer, default=0)
    email: Mapped[str]
    customer_user_id: Mapped[UUID | None]
    customer_name: Mapped[str | None]
    cart_token_hash: Mapped[str | None]
    note: Mapped[str | None]
    currency: Mapped[str]
    subtotal_amount: Mapped[int]
    discount_amount: Mapped[int]
    shipping_amount: Mapped[int]
    tax_amount: Mapped[int]
    tax_included_amount: Mapped[int]
    total_amount: Mapped[int]
    refunded_amount: Mapped[int] = mapped_column(default=0)
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping_method_id: Mapped[UUID | None]
    shipping_method_name: Mapped[str | None]
    shipping_account_id: Mapped[UUID | None]
    reserved_until: Mapped[datetime | None]
    placed_at: Mapped[datetime | None]
    payment_id: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    expired_at: Mapped[datetime | None]

    lines: Mapped[list[OrderLine]] = relationship(
        OrderLine, order_by=OrderLine.position, lazy="selectin", passive_deletes="all"
    )

    @property
    def totals(self) -> dict[str, Money]:
        """The totals as money."""
        names = ("subtotal", "discount", "shipping", "tax", "tax_included", "total")
        return {n: Money(amount=getattr(self, f"{n}_amount"), currency=self.currency) for n in names}

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return Money(amount=self.total_amount, currency=self.currency)

    @property
    def refunded(self) -> Money:
        """What was given back so far."""
        return Money(amount=self.refunded_amount, currency=self.currency)

    @property
    def items(self) -> list[OrderLine]:
        """The lines, by their name in the API."""
        return self.lines

    @property
    def state(self) -> OrderStatus:
        """The state."""
        return OrderStatus(self.status)
