"""Rows of contacts."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.crm.db import Base


class Contact(TenantRow, SoftDeleted, Base):
    """A person outside the business, mostly at one of its companies."""

    __tablename__ = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "company_id"], ["crm.companies.tenant_id", "crm.companies.id"]),
        *list_indexes(
            "contacts",
            "email",
            "company_id",
            "owner_id",
            order=("updated_at", "name"),
        ),
        search_index("crm", "contacts", "name", "email", "phone"),
        *person_indexes("crm", "contacts", address="email"),
    )

    name: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    position: Mapped[str | None]
    company_id: Mapped[UUID | None]
    source: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner_id: Mapped[UUID | None]
