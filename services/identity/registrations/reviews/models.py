"""Rows of approvals given, and of rights to review handed on for a time."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class Via(StrEnum):
    """How it was decided: by staff by hand, by the deal alone, or by as many approvals as were needed."""

    STAFF = "staff"
    DEAL = "deal"
    VOTES = "votes"


class Vote(TenantRow, Base):
    """An approval of what was handed in in one round. Nobody gives two, nobody's right is used twice."""

    __tablename__ = "registration_votes"
    __table_args__ = (
        Index(
            "uq_registration_votes_voter", "tenant_id", "registration_id", "round", "voter_id", unique=True
        ),
        Index(
            "uq_registration_votes_right", "tenant_id", "registration_id", "round", "right_of_id", unique=True
        ),
        Index(
            "uq_registration_votes_deal",
            "tenant_id",
            "registration_id",
            "round",
            unique=True,
            postgresql_where=text("via = 'deal'"),
        ),
    )

    registration_id: Mapped[UUID]
    round: Mapped[int]
    via: Mapped[str]
    # Who really approved, and whose right it was: another's where it was handed on.
    voter_id: Mapped[UUID]
    right_of_id: Mapped[UUID]
    reason: Mapped[str | None]


class Delegation(TenantRow, SoftDeleted, Base):
    """That one of the staff may review with another's right for a time; a row of the operator."""

    __tablename__ = "review_delegations"
    __table_args__ = (
        *list_indexes("review_delegations", "from_user_id", "to_user_id"),
        search_index("identity", "review_delegations", "reason"),
    )

    from_user_id: Mapped[UUID]
    to_user_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column()
