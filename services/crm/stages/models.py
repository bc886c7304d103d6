"""Rows of stages."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.crm.db import Base

# Where the closing stages stand: after every other, whose positions are below a thousand.
WON_POSITION, LOST_POSITION = 1000, 1001


class Stage(TenantRow, SoftDeleted, Base):
    """A step of a pipeline: `open`, or the one where `won` or `lost` deals end."""

    __tablename__ = "stages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pipeline_id"], ["crm.pipelines.tenant_id", "crm.pipelines.id"]),
        CheckConstraint("kind IN ('open', 'won', 'lost')", name="kind"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        Index(
            "uq_stages_name",
            "tenant_id",
            "pipeline_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "uq_stages_closing",
            "tenant_id",
            "pipeline_id",
            "kind",
            unique=True,
            postgresql_where=text("kind <> 'open' AND deleted_at IS NULL"),
        ),
        *list_indexes(
            "stages",
            "pipeline_id",
            "kind",
            order=("updated_at", "position"),
        ),
        search_index("crm", "stages", "name"),
    )

    pipeline_id: Mapped[UUID]
    name: Mapped[str]
    kind: Mapped[str]
    position: Mapped[int]
    probability: Mapped[int]
    required_fields: Mapped[list[str]] = mapped_column(default=list)
