"""Rows of order timelines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id
from services.orders.db import Base


class TimelineEntry(Base):
    """Something that happened to an order. Entries are added and never changed.

    `step` counts the changes of state of the order and stands, with `status`, on the entries of such changes only.
    `reference` is the id of what the entry is about (a payment, an invoice); there is one entry of a kind for each.
    """

    __tablename__ = "timeline_entries"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.orders.tenant_id", "orders.orders.id"]),
        Index("ix_timeline_entries_order_id", "tenant_id", "order_id", "at", "id"),
        Index(
            "uq_timeline_entries_reference",
            "tenant_id",
            "order_id",
            "kind",
            "reference",
            unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID]
    at: Mapped[datetime]
    kind: Mapped[str]
    status: Mapped[str | None]
    step: Mapped[int | None] = mapped_column(Integer)
    actor: Mapped[str]
    reference: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
