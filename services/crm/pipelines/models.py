"""Rows of pipelines."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.crm.db import Base
from services.crm.stages.models import Stage

_LIVE = text("deleted_at IS NULL")


class Pipeline(TenantRow, SoftDeleted, Base):
    """A way that deals go. It always has one stage for won deals, one for lost ones, and one or more before them."""

    __tablename__ = "pipelines"
    __table_args__ = (
        Index("uq_pipelines_name", "tenant_id", "name", unique=True, postgresql_where=_LIVE),
        Index(
            "uq_pipelines_default",
            "tenant_id",
            unique=True,
            postgresql_where=text("is_default AND deleted_at IS NULL"),
        ),
        *list_indexes(
            "pipelines",
            order=("updated_at", "position"),
        ),
        search_index("crm", "pipelines", "name"),
    )

    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    won_reasons: Mapped[list[str]] = mapped_column(default=list)
    lost_reasons: Mapped[list[str]] = mapped_column(default=list)

    stages: Mapped[list[Stage]] = relationship(
        primaryjoin=lambda: (
            (Pipeline.tenant_id == Stage.tenant_id)
            & (Pipeline.id == Stage.pipeline_id)
            & Stage.deleted_at.is_(None)
        ),
        order_by=lambda: (Stage.position, Stage.id),
        lazy="selectin",
    )
