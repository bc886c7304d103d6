"""Rows of registrations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Index, Text, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from libs.common.db.base import TenantRow
from libs.common.db.search import person_indexes, search_index
from libs.common.money import Money
from services.identity.db import Base


class RegistrationStatus(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"


OPEN = (RegistrationStatus.SUBMITTED, RegistrationStatus.CHANGES_REQUESTED)


class WaitingFor(StrEnum):
    """Whose turn it is."""

    STAFF = "staff"
    APPLICANT = "applicant"
    NOBODY = "nobody"


# Who is to act in which state; in all others nobody is.
WAITING_FOR = {
    RegistrationStatus.SUBMITTED: WaitingFor.STAFF,
    RegistrationStatus.CHANGES_REQUESTED: WaitingFor.APPLICANT,
}


class Registration(TenantRow, Base):
    """An application to join the platform; a row of the business that applies."""

    __tablename__ = "registrations"
    __table_args__ = (
        search_index("identity", "registrations", "company_name", "owner_email", everywhere=True),
        Index("uq_registrations_tenant_id", "tenant_id", unique=True),
        # Staff review over all businesses, so these do not begin with the tenant.
        Index("ix_registrations_id", "id"),
        Index("ix_registrations_created_at", "created_at", "id"),
        Index("ix_registrations_updated_at", "updated_at", "id"),
        Index("ix_registrations_status", "status", "created_at", "id"),
        Index("ix_registrations_product", "product", "created_at", "id"),
        Index("ix_registrations_business_country", "business_country", "created_at", "id"),
        Index("ix_registrations_assignee_id", "assignee_id", "created_at", "id"),
        Index("ix_registrations_assignee_role", "assignee_role", "created_at", "id"),
        Index("ix_registrations_due_at", "due_at", "id"),
        Index(
            "ix_registrations_escalate_at", "escalate_at", postgresql_where=text("escalate_at IS NOT NULL")
        ),
        *person_indexes("identity", "registrations", address="owner_email"),
    )

    status: Mapped[str] = mapped_column(default=RegistrationStatus.SUBMITTED)
    company_name: Mapped[str]
    business: Mapped[dict[str, Any]]
    # For lists: an index over the expression itself is of no use beside row-level security.
    business_country: Mapped[str | None] = deferred(
        mapped_column(Text(), Computed("business ->> 'country'", persisted=True))
    )
    product: Mapped[str]
    referral_code: Mapped[str | None]
    owner_user_id: Mapped[UUID]
    owner_email: Mapped[str]
    # What the applicant is to change, or why it was turned down.
    reason: Mapped[str | None]
    # When the deciding fact happened: an older fact that arrives later changes nothing.
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    # Whether staff or a deal decided, and how many approvals were asked for then.
    decided_via: Mapped[str | None]
    approvals_needed: Mapped[int | None]
    # Grows with each resubmission: approvals count for what was handed in when they were given.
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    # What the applicant declared, and what the deal over it is about.
    declared_minor: Mapped[int | None]
    declared_currency: Mapped[str | None]
    deal_minor: Mapped[int | None]
    deal_currency: Mapped[str | None]
    # When the newest fact that is known of the deal happened.
    deal_at: Mapped[datetime | None]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    asked_for: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    waived: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    assignee_id: Mapped[UUID | None]
    assignee_role: Mapped[str | None]
    # When whoever it waits for is to have acted; when a lead is told next.
    due_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    escalations: Mapped[int] = mapped_column(default=0, server_default="0")
    # The link by which the applicant follows it is good while it bears this number, until that time.
    link_serial: Mapped[int] = mapped_column(default=1, server_default="1")
    link_expires_at: Mapped[datetime | None]

    @property
    def country(self) -> str | None:
        """The country of the business, as ISO 3166-1 alpha-2."""
        found: str | None = self.business.get("country")
        return found

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet."""
        return self.status in OPEN

    @property
    def waiting_for(self) -> WaitingFor:
        """Whose turn it is."""
        return WAITING_FOR.get(RegistrationStatus(self.status), WaitingFor.NOBODY)

    @property
    def amounts(self) -> list[Money]:
        """What it is about: what was declared, and what the deal says."""
        pairs = ((self.declared_minor, self.declared_currency), (self.deal_minor, self.deal_currency))
        return [Money(amount=n, currency=c) for n, c in pairs if n is not None and c is not None]

    @property
    def declared_amount(self) -> Money | None:
        """What the applicant declared."""
        if self.declared_minor is None or self.declared_currency is None:
            return None
        return Money(amount=self.declared_minor, currency=self.declared_currency)

    @property
    def company_id(self) -> UUID:
        """The business that applies."""
        return self.tenant_id
