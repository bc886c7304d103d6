"""Rows of usage."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.identity.db import Base


class UsageCounter(TenantRow, Base):
    """How much a business has used of what a code names, in the calendar month that begins on a day (UTC)."""

    __tablename__ = "usage_counters"
    __table_args__ = (Index("uq_usage_counters_code", "tenant_id", "code", "month_on", unique=True),)

    code: Mapped[str]
    month_on: Mapped[date] = mapped_column(Date)
    used: Mapped[int] = mapped_column(default=0)


class UsageClaim(TenantRow, Base):
    """Something that was counted, under the key it came with: said again, it is not counted again."""

    __tablename__ = "usage_claims"
    __table_args__ = (Index("ix_usage_claims_month_on", "month_on"),)

    counter_id: Mapped[UUID]
    code: Mapped[str]
    month_on: Mapped[date] = mapped_column(Date)
    quantity: Mapped[int]
