"""Rows of shipping accounts and methods."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.orders.db import Base


class ShippingMethod(TenantRow, SoftDeleted, Base):
    """One way to send goods; a rate of an account. Its id stays the same while its account lists it."""

    __tablename__ = "shipping_methods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["orders.shipping_accounts.tenant_id", "orders.shipping_accounts.id"]
        ),
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_shipping_methods_account_id", "tenant_id", "account_id", "position"),
    )

    account_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    country: Mapped[str | None]
    weight_min_g: Mapped[int | None]
    weight_max_g: Mapped[int | None]
    free_amount: Mapped[int | None]

    @property
    def price(self) -> Money:
        """What it costs."""
        return Money(amount=self.amount, currency=self.currency)

    @property
    def free_from(self) -> Money | None:
        """The value of goods from which it costs nothing."""
        return None if self.free_amount is None else Money(amount=self.free_amount, currency=self.currency)


class ShippingAccount(TenantRow, SoftDeleted, Base):
    """A provider of shipping that a business uses."""

    __tablename__ = "shipping_accounts"
    __table_args__ = (
        *list_indexes(
            "shipping_accounts",
            "provider",
            "name",
            order=("updated_at", "name"),
        ),
        search_index("orders", "shipping_accounts", "name"),
    )

    provider: Mapped[str]
    name: Mapped[str]

    rates: Mapped[list[ShippingMethod]] = relationship(
        ShippingMethod,
        primaryjoin="and_(ShippingAccount.tenant_id == ShippingMethod.tenant_id, "
        "ShippingAccount.id == ShippingMethod.account_id, ShippingMethod.deleted_at.is_(None))",
        order_by=ShippingMethod.position,
        lazy="selectin",
        viewonly=True,
    )
