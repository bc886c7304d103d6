"""Rows of rules of review."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class DealCounts(StrEnum):
    """What a deal won is: the decision, or one of the approvals that are needed."""

    DECISION = "decision"
    VOTE = "vote"


class Rule(TenantRow, Base):
    """Who decides on applications, how many, and by when; a row of the operator.

    Without product, country or amount it holds for all. Of several the most specific counts.
    """

    __tablename__ = "registration_rules"
    __table_args__ = (
        *list_indexes("registration_rules", "product", "country"),
        search_index("identity", "registration_rules", "name"),
    )

    name: Mapped[str]
    product: Mapped[str | None]
    country: Mapped[str | None]
    # From this amount on, declared or of the deal, in this currency.
    from_minor: Mapped[int | None]
    currency: Mapped[str | None]
    approvals: Mapped[int]
    deal_counts: Mapped[str]
    review_seconds: Mapped[int | None]
    applicant_seconds: Mapped[int | None]
    repeat_seconds: Mapped[int | None]
    escalate_to_id: Mapped[UUID | None]
    escalate_role: Mapped[str]
    is_active: Mapped[bool] = mapped_column()
