"""The rows of invoices. What a final one says never changes; the database refuses it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base


class Invoice(TenantRow, Base):
    """A claim on a customer: draft, then issued, then paid or void.

    `lines` are `{"description", "sku", "quantity", "unit_price", "discount", "total"}` in minor units of the invoice's
    currency. total = subtotal - discount + shipping + tax. Tax that these prices contain already is not added; where
    whoever told of an order did not say how much it is, it is NULL and counts as none.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        *list_indexes(
            "invoices", "status", "order_id", "customer_user_id", "email", "number", "subscription_id"
        ),
        search_index("payments", "invoices", "number", "email", "customer_name", "order_number"),
        Index("uq_invoices_number", "tenant_id", "number", unique=True),
        Index(
            "uq_invoices_order_id",
            "tenant_id",
            "order_id",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL AND status <> 'void'"),
        ),
        Index(
            "uq_invoices_subscription_period",
            "tenant_id",
            "subscription_id",
            "subscription_period",
            unique=True,
            postgresql_where=text("subscription_period IS NOT NULL"),
        ),
        Index(
            "ix_invoices_due_on", "due_on", postgresql_where=text("status = 'issued' AND overdue_at IS NULL")
        ),
        Index("ix_invoices_due", "tenant_id", "due_on", "id"),
        *person_indexes("payments", "invoices", "customer_user_id", address="email"),
    )

    number: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="draft")
    order_id: Mapped[UUID | None]
    order_number: Mapped[str | None]
    payment_id: Mapped[UUID | None]
    currency: Mapped[str]
    lines: Mapped[list[dict[str, Any]]]
    subtotal_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0)
    shipping_minor: Mapped[int] = mapped_column(default=0)
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_included_minor: Mapped[int | None]
    # How much of it the price of shipping contains.
    shipping_tax_included_minor: Mapped[int | None]
    total_minor: Mapped[int]
    paid_minor: Mapped[int] = mapped_column(default=0)
    credited_minor: Mapped[int] = mapped_column(default=0)
    email: Mapped[str | None]
    customer_name: Mapped[str | None]
    customer_user_id: Mapped[UUID | None]
    billing_address: Mapped[dict[str, Any] | None]
    seller: Mapped[dict[str, Any] | None]
    notes: Mapped[str | None]
    due_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    # The subscription it is of, and which of its periods it is for; none where it is for changes within one.
    subscription_id: Mapped[UUID | None]
    subscription_period: Mapped[int | None] = mapped_column(Integer)
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]

    subtotal: Money = money("subtotal_minor")
    discount: Money = money("discount_minor")
    shipping: Money = money("shipping_minor")
    tax: Money = money("tax_minor")
    tax_included: Money = money("tax_included_minor")
    shipping_tax_included: Money = money("shipping_tax_included_minor")
    total: Money = money("total_minor")
    paid: Money = money("paid_minor")
    credited: Money = money("credited_minor")

    @property
    def goods_tax_included(self) -> Money:
        """How much tax the prices of the lines contain."""
        return self.tax_included - self.shipping_tax_included

    @property
    def outstanding(self) -> Money:
        """What is still to be paid: nothing on a draft or a void one."""
        is_due = self.status in ("issued", "paid")
        return Money(amount=self.total_minor - self.paid_minor if is_due else 0, currency=self.currency)

    @property
    def shown_lines(self) -> list[dict[str, Any]]:
        """The lines with their amounts as money."""
        names = ("unit_price", "discount", "total")
        return [
            line | {name: Money(amount=line[name], currency=self.currency) for name in names}
            for line in self.lines
        ]
