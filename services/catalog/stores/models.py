"""Rows of stores."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.catalog.db import Base


class Store(TenantRow, SoftDeleted, Base):
    """A warehouse. One of them is the default: orders take from it first."""

    __tablename__ = "stores"
    __table_args__ = (
        *list_indexes("stores"),
        search_index("catalog", "stores", "name", "code"),
        Index("ix_stores_name", "tenant_id", "name", "id"),
        Index("ix_stores_updated_at", "tenant_id", "updated_at", "id"),
        Index(
            "uq_stores_default",
            "tenant_id",
            unique=True,
            postgresql_where=text("is_default AND deleted_at IS NULL"),
        ),
        Index(
            "uq_stores_code", "tenant_id", "code", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
    )

    name: Mapped[str]
    code: Mapped[str | None]
    address: Mapped[str | None]
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
