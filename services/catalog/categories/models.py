"""Rows of categories."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.catalog.db import Base


class Category(TenantRow, Base):
    """A branch of the tree; `parent_id` is null at the top."""

    __tablename__ = "categories"
    __table_args__ = (
        *list_indexes("categories", "parent_id", unique=(("slug",),)),
        search_index("catalog", "categories", "name"),
        Index("ix_categories_name", "tenant_id", "name", "id"),
        Index("ix_categories_position", "tenant_id", "position", "id"),
        Index("ix_categories_updated_at", "tenant_id", "updated_at", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["catalog.categories.tenant_id", "catalog.categories.id"],
            name="fk_categories_parent",
        ),
    )

    name: Mapped[str]
    slug: Mapped[str]
    parent_id: Mapped[UUID | None]
    description: Mapped[str | None]
    position: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
