"""The rows of credit notes, final from the start; the database refuses to change one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.payments.columns import money
from services.payments.db import Base


class CreditNote(TenantRow, Base):
    """Takes back a part of an invoice: so much of the goods, of the shipping and of the tax."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        *list_indexes(
            "credit_notes",
            "invoice_id",
            "order_id",
            "customer_user_id",
            "email",
            unique=(("number",), ("refund_id",)),
        ),
        search_index("payments", "credit_notes", "number", "invoice_number", "email", "customer_name"),
        ForeignKeyConstraint(
            ["tenant_id", "invoice_id"], ["payments.invoices.tenant_id", "payments.invoices.id"]
        ),
        *person_indexes("payments", "credit_notes", "customer_user_id", address="email"),
    )

    number: Mapped[str]
    invoice_id: Mapped[UUID]
    invoice_number: Mapped[str]
    order_id: Mapped[UUID | None]
    refund_id: Mapped[UUID]
    currency: Mapped[str]
    goods_minor: Mapped[int]
    shipping_minor: Mapped[int]
    tax_minor: Mapped[int]
    # The tax that goods and shipping contain; NULL where it was not known of the invoice.
    tax_included_minor: Mapped[int | None]
    shipping_tax_included_minor: Mapped[int | None]
    total_minor: Mapped[int]
    reason: Mapped[str]
    email: Mapped[str | None]
    customer_name: Mapped[str | None]
    customer_user_id: Mapped[UUID | None]
    billing_address: Mapped[dict[str, Any] | None]
    seller: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime]

    goods: Money = money("goods_minor")
    shipping: Money = money("shipping_minor")
    tax: Money = money("tax_minor")
    tax_included: Money = money("tax_included_minor")
    shipping_tax_included: Money = money("shipping_tax_included_minor")
    total: Money = money("total_minor")

    @property
    def goods_tax_included(self) -> Money:
        """How much tax the price of the goods contains."""
        return self.tax_included - self.shipping_tax_included
