"""Rows of reservations, their lines, and the shipments taken from them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from services.catalog.db import Base


class Reservation(TenantRow, Base):
    """Stock held for one order: reserved, then allocated once it is paid, then shipped; or released.

    `requested` is what the order asked for, pieces by variant. `shortfall` names what could not be held for an
    order that was paid or shipped all the same.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        *list_indexes("reservations", "status", unique=(("order_id",),)),
        Index("ix_reservations_updated_at", "tenant_id", "updated_at", "id"),
        Index("ix_reservations_due", "expires_at", postgresql_where=text("status = 'reserved'")),
        Index(
            "ix_reservations_short",
            "tenant_id",
            "created_at",
            "id",
            postgresql_where=text("shortfall IS NOT NULL"),
        ),
    )

    order_id: Mapped[UUID]
    status: Mapped[str]
    requested: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[datetime | None]
    reserved_at: Mapped[datetime | None]
    # When it was last asked for with `renew`: facts older than that are about the hold before.
    renewed_at: Mapped[datetime | None]
    allocated_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    release_cause: Mapped[str | None]
    shortfall: Mapped[list[dict[str, Any]] | None]


class ReservationLine(TenantRow, Base):
    """Pieces of a variant held in one store; those shipped are held no longer."""

    __tablename__ = "reservation_lines"
    __table_args__ = (
        Index("ix_reservation_lines_reservation_id", "tenant_id", "reservation_id", "id"),
        Index("ix_reservation_lines_variant_id", "tenant_id", "variant_id", "store_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("shipped_quantity BETWEEN 0 AND quantity", name="shipped"),
        ForeignKeyConstraint(
            ["tenant_id", "reservation_id"],
            ["catalog.reservations.tenant_id", "catalog.reservations.id"],
            name="fk_reservation_lines_reservation",
        ),
    )

    reservation_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    store_id: Mapped[UUID]
    quantity: Mapped[int]
    shipped_quantity: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def held(self) -> int:
        """The pieces not shipped yet."""
        return self.quantity - self.shipped_quantity


class ReservationShipment(TenantRow, Base):
    """That a shipment was taken off the stock, so that it is taken once."""

    __tablename__ = "reservation_shipments"
    __table_args__ = (Index("uq_reservation_shipments", "tenant_id", "shipment_id", unique=True),)

    order_id: Mapped[UUID]
    shipment_id: Mapped[UUID]
