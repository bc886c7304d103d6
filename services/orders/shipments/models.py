"""Rows of shipments and what is in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import TenantRow
from services.orders.db import Base


class ShipmentLine(Base):
    """How many of an order line are in a shipment."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "shipment_id"], ["orders.shipments.tenant_id", "orders.shipments.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "line_id"], ["orders.order_lines.tenant_id", "orders.order_lines.id"]
        ),
        CheckConstraint("quantity >= 1", name="quantity"),
        Index("ix_shipment_lines_line_id", "tenant_id", "line_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID]
    quantity: Mapped[int]


class Shipment(TenantRow, Base):
    """Goods of an order that went together. `next_step_at` is set while the tracking simulator moves it."""

    __tablename__ = "shipments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.orders.tenant_id", "orders.orders.id"]),
        Index("ix_shipments_order_id", "tenant_id", "order_id", "id"),
        Index("ix_shipments_next_step_at", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
    )

    order_id: Mapped[UUID]
    status: Mapped[str]
    provider: Mapped[str]
    carrier: Mapped[str]
    tracking_reference: Mapped[str]
    next_step_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    lines: Mapped[list[ShipmentLine]] = relationship(
        ShipmentLine, lazy="selectin", order_by=ShipmentLine.line_id
    )

    @property
    def items(self) -> list[ShipmentLine]:
        """The lines, by their name in the API."""
        return self.lines
