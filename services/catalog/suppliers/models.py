"""Rows of suppliers."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.catalog.db import Base


class Supplier(TenantRow, SoftDeleted, Base):
    """Somebody from whom a business buys: what orders and invoices need, and whom to call."""

    __tablename__ = "suppliers"
    __table_args__ = (
        *list_indexes("suppliers", "is_active", "currency", order=("updated_at", "name")),
        search_index("catalog", "suppliers", "name", "code", "contact_name", "email"),
        *person_indexes("catalog", "suppliers", address="email"),
        *(
            Index(
                f"uq_suppliers_{column}",
                "tenant_id",
                column,
                unique=True,
                postgresql_where=text("deleted_at IS NULL"),
            )
            for column in ("code", "external_id")
        ),
        # People write a code in any case.
        Index(
            "uq_suppliers_code_in_any_case",
            "tenant_id",
            text("lower(code)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    name: Mapped[str]
    code: Mapped[str | None]
    tax_number: Mapped[str | None]
    contact_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]
    country: Mapped[str | None]
    currency: Mapped[str | None]
    payment_terms_days: Mapped[int | None]
    lead_time_days: Mapped[int | None]
    notes: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    # What it is called in a system outside, by which imports find it again.
    external_id: Mapped[str | None]
