"""Rows of tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.crm.db import Base
from services.crm.deal_lines.models import DealLine


class Task(TenantRow, SoftDeleted, Base):
    """Something to do. A task of a deal shows the deal's products as they are now."""

    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["crm.contacts.tenant_id", "crm.contacts.id"]),
        CheckConstraint("status IN ('todo', 'in_progress', 'done', 'cancelled')", name="status"),
        CheckConstraint("(status = 'done') = (completed_at IS NOT NULL)", name="completed_at"),
        *list_indexes(
            "tasks",
            "status",
            "priority",
            "assignee_id",
            "created_by_id",
            "deal_id",
            "company_id",
            "contact_id",
            order=("updated_at", "due_at"),
        ),
        search_index("crm", "tasks", "name"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    priority: Mapped[str]
    due_at: Mapped[datetime | None]
    assignee_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    company_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    created_by_id: Mapped[UUID | None]
    completed_by_id: Mapped[UUID | None]
    completed_at: Mapped[datetime | None]

    products: Mapped[list[DealLine]] = relationship(
        primaryjoin=lambda: (Task.tenant_id == DealLine.tenant_id) & (Task.deal_id == DealLine.deal_id),
        foreign_keys=lambda: (DealLine.tenant_id, DealLine.deal_id),
        order_by=(DealLine.position, DealLine.id),
        viewonly=True,
        uselist=True,
        lazy="selectin",
    )
