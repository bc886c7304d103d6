"""Rows of domains."""

from datetime import datetime

from sqlalchemy import DateTime, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class Domain(TenantRow, Base):
    """A host name under which a business is reached, once it has proven that it is its own.

    Several may claim a host name; who proves it first has it.
    """

    __tablename__ = "domains"
    __table_args__ = (
        *list_indexes("domains"),
        Index("uq_domains_host_of_tenant", "tenant_id", "host", unique=True),
        search_index("identity", "domains", "host"),
        # A host leads to one business of the whole platform.
        Index("uq_domains_proven", "host", unique=True, postgresql_where=text("verified_at IS NOT NULL")),
        Index(
            "ix_domains_looked_at",
            "checked_at",
            postgresql_where=text("verified_at IS NOT NULL AND verified_by = 'dns'"),
        ),
    )

    host: Mapped[str]
    # What is to be shown under the host name; those of releases that asked for no proof have none.
    token: Mapped[str | None]
    # The default is for the release before, which asks for no proof; here it is always set.
    verified_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True).evaluates_none(), server_default=func.now()
    )
    verified_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    # Looks in a row at which a proof that was there was not to be seen.
    misses: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def is_verified(self) -> bool:
        """Whether it leads to the business."""
        return self.verified_at is not None
