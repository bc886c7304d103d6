"""Rows of domains."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class Domain(TenantRow, Base):
    """A host name under which a business is reached."""

    __tablename__ = "domains"
    __table_args__ = (
        *list_indexes("domains"),
        search_index("identity", "domains", "host"),
        # A host leads to one business of the whole platform.
        Index("uq_domains_host", "host", unique=True),
    )

    host: Mapped[str]
