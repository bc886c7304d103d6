"""Rows of availability changes."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.catalog.db import Base


class AvailabilityChange(TenantRow, Base):
    """A product of which some variant sold out in a store, or came back: `Product.is_sellable` may have to change.

    A trigger on stock levels writes it in the transaction that changes stock, when that happens and at no other
    change. The product itself is left to a job: it would have to be locked after stock, and edits of it lock it before.
    """

    __tablename__ = "availability_changes"

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), sort_order=-19
    )
    product_id: Mapped[UUID]
