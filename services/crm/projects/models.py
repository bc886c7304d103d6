"""Rows of projects."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.crm.db import Base


class ProjectMember(Base):
    """That a colleague works on a project."""

    __tablename__ = "project_members"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "project_id"], ["crm.projects.tenant_id", "crm.projects.id"]),
        Index("ix_project_members_user_id", "tenant_id", "user_id", "project_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class Project(TenantRow, SoftDeleted, Base):
    """Work of several people over some time, mostly for a deal or a company."""

    __tablename__ = "projects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        CheckConstraint(
            "status IN ('planned', 'active', 'on_hold', 'completed', 'cancelled')", name="status"
        ),
        CheckConstraint("due_on >= starts_on", name="due_on"),
        *list_indexes(
            "projects",
            "status",
            "owner_id",
            "company_id",
            "deal_id",
            order=("updated_at", "name", "due_on"),
        ),
        search_index("crm", "projects", "name"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    starts_on: Mapped[date | None]
    due_on: Mapped[date | None]
    company_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner_id: Mapped[UUID | None]

    members: Mapped[list[ProjectMember]] = relationship(
        cascade="all, delete-orphan", order_by=ProjectMember.user_id, lazy="selectin"
    )

    @property
    def member_ids(self) -> list[UUID]:
        """The users who work on it."""
        return sorted(member.user_id for member in self.members)
