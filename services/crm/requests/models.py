"""Rows of requests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.crm.db import Base


class Request(TenantRow, SoftDeleted, Base):
    """A commercial request: somebody asks what something would cost, or for it to be done."""

    __tablename__ = "requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["crm.contacts.tenant_id", "crm.contacts.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        CheckConstraint("status IN ('new', 'in_progress', 'answered', 'closed')", name="status"),
        CheckConstraint("(budget_minor IS NULL) = (currency IS NULL)", name="budget"),
        *list_indexes(
            "requests",
            "status",
            "source",
            "owner_id",
            "company_id",
            "contact_id",
            "deal_id",
            order=("updated_at", "name", "due_at"),
        ),
        search_index("crm", "requests", "name", "description"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    source: Mapped[str | None]
    budget_minor: Mapped[int | None]
    currency: Mapped[str | None]
    due_at: Mapped[datetime | None]
    company_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner_id: Mapped[UUID | None]

    @property
    def budget(self) -> Money | None:
        """What may be spent, where it was said."""
        found: Money | None = Money.of(self.budget_minor, self.currency)
        return found
