"""Rows of leads."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.crm.db import Base


class Lead(TenantRow, SoftDeleted, Base):
    """Somebody's interest. Once converted it names the company, contact and deal made of it."""

    __tablename__ = "leads"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["crm.contacts.tenant_id", "crm.contacts.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'unqualified', 'converted')", name="status"
        ),
        CheckConstraint("(status = 'converted') = (converted_at IS NOT NULL)", name="converted_at"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount"),
        *list_indexes(
            "leads",
            "status",
            "source",
            "owner_id",
            "email",
            "company_id",
            "deal_id",
            order=("updated_at", "name"),
        ),
        search_index("crm", "leads", "name", "company_name", "email", "phone"),
        *person_indexes("crm", "leads", address="email"),
    )

    name: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    company_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    description: Mapped[str | None]
    source: Mapped[str | None]
    status: Mapped[str]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner_id: Mapped[UUID | None]
    converted_at: Mapped[datetime | None]
    company_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]

    @property
    def amount(self) -> Money | None:
        """What it may bring, where somebody guessed."""
        found: Money | None = Money.of(self.amount_minor, self.currency)
        return found
