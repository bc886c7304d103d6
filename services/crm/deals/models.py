"""Rows of deals."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from libs.common.money import Money
from services.crm.db import Base
from services.crm.deal_lines.models import DealLine
from services.crm.pipelines.models import Pipeline
from services.crm.stages.models import Stage


class Deal(TenantRow, SoftDeleted, Base):
    """An opportunity. Where it has lines, its amount is their sum."""

    __tablename__ = "deals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pipeline_id"], ["crm.pipelines.tenant_id", "crm.pipelines.id"]),
        ForeignKeyConstraint(["tenant_id", "stage_id"], ["crm.stages.tenant_id", "crm.stages.id"]),
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["crm.contacts.tenant_id", "crm.contacts.id"]),
        CheckConstraint("status IN ('open', 'won', 'lost')", name="status"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed_at"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        Index(
            "uq_deals_registration_id",
            "tenant_id",
            "registration_id",
            unique=True,
            postgresql_where=text("registration_id IS NOT NULL"),
        ),
        *list_indexes(
            "deals",
            "status",
            "pipeline_id",
            "stage_id",
            "owner_id",
            "company_id",
            "contact_id",
            "applicant_company_id",
            "source",
            order=("updated_at", "name", "amount_minor", "expected_close_on", "closed_at"),
        ),
        search_index("crm", "deals", "name"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="open")
    pipeline_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    stage_entered_at: Mapped[datetime]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    company_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    source: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    won_reason: Mapped[str | None]
    lost_reason: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    registration_id: Mapped[UUID | None]
    # The tenant that applied to join the platform, where this deal decides on that.
    applicant_company_id: Mapped[UUID | None]

    pipeline_row: Mapped[Pipeline] = relationship(viewonly=True, lazy="selectin")
    stage_row: Mapped[Stage] = relationship(viewonly=True, lazy="selectin")
    lines: Mapped[list[DealLine]] = relationship(
        cascade="all, delete-orphan", order_by=(DealLine.position, DealLine.id), lazy="selectin"
    )

    @property
    def pipeline(self) -> str:
        """The name of its pipeline."""
        return self.pipeline_row.name

    @property
    def stage(self) -> str:
        """The name of its stage."""
        return self.stage_row.name

    @property
    def probability(self) -> int:
        """How likely it is to be won, in percent."""
        return self.stage_row.probability

    @property
    def amount(self) -> Money:
        """What it may bring, or brought."""
        return Money(amount=self.amount_minor, currency=self.currency)
