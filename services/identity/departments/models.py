"""Rows of departments."""

from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class Department(TenantRow, Base):
    """A part of a business that members belong to."""

    __tablename__ = "departments"
    __table_args__ = (
        *list_indexes("departments", unique=(("name",),)),
        search_index("identity", "departments", "name"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
