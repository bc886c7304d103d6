"""Rows of stage changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.ids import new_id
from services.crm.db import Base
from services.crm.stages.models import Stage


class StageChange(Base):
    """That a deal left one stage for another; the first of a deal comes from nowhere."""

    __tablename__ = "stage_changes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["crm.deals.tenant_id", "crm.deals.id"]),
        ForeignKeyConstraint(["tenant_id", "from_stage_id"], ["crm.stages.tenant_id", "crm.stages.id"]),
        ForeignKeyConstraint(["tenant_id", "to_stage_id"], ["crm.stages.tenant_id", "crm.stages.id"]),
        Index("ix_stage_changes_deal_id", "tenant_id", "deal_id", "id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    deal_id: Mapped[UUID]
    from_stage_id: Mapped[UUID | None]
    to_stage_id: Mapped[UUID]
    at: Mapped[datetime]
    by_id: Mapped[UUID | None]
    # How long the deal stood at the stage it left.
    seconds_in_stage: Mapped[int | None]

    from_row: Mapped[Stage | None] = relationship(
        primaryjoin=lambda: (
            (StageChange.tenant_id == Stage.tenant_id) & (StageChange.from_stage_id == Stage.id)
        ),
        foreign_keys=lambda: (StageChange.tenant_id, StageChange.from_stage_id),
        viewonly=True,
        lazy="selectin",
    )
    to_row: Mapped[Stage] = relationship(
        primaryjoin=lambda: (
            (StageChange.tenant_id == Stage.tenant_id) & (StageChange.to_stage_id == Stage.id)
        ),
        foreign_keys=lambda: (StageChange.tenant_id, StageChange.to_stage_id),
        viewonly=True,
        lazy="selectin",
    )

    @property
    def from_stage(self) -> str | None:
        """The name of the stage it left."""
        return self.from_row.name if self.from_row else None

    @property
    def to_stage(self) -> str:
        """The name of the stage it came to."""
        return self.to_row.name
