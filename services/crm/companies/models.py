"""Rows of companies."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.crm.db import Base


class Company(TenantRow, SoftDeleted, Base):
    """A company that a business deals with: a customer, a prospect, a partner."""

    __tablename__ = "companies"
    __table_args__ = (
        *list_indexes(
            "companies",
            "name",
            "owner_id",
            "applicant_company_id",
            order=("updated_at", "name"),
        ),
        search_index("crm", "companies", "name", "email"),
        *person_indexes("crm", "companies", address="email"),
    )

    name: Mapped[str]
    registration_number: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]
    country: Mapped[str | None]
    industry: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner_id: Mapped[UUID | None]
    # The tenant that applied to join the platform, where this company is that applicant.
    applicant_company_id: Mapped[UUID | None]
