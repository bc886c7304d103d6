"""Rows of registrations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.crm.db import Base


class AssignedProduct(Base):
    """An operator's product that a business was given, as catalog last said: the line of its registration deal."""

    __tablename__ = "assigned_products"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    # What it was asked for as, where catalog said so: a slug of it, or something that is not offered.
    asked: Mapped[str | None]
    product_id: Mapped[UUID]
    name: Mapped[str]
    price_minor: Mapped[int]
    currency: Mapped[str]
    assigned_at: Mapped[datetime]
