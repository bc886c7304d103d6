"""Rows of order contacts."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from services.notifications.db import Base


class OrderContact(Base):
    """The customer of an order, for events that name the order only."""

    __tablename__ = "order_contacts"
    __table_args__ = person_indexes("notifications", "order_contacts", "customer_user_id", address="email")

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    email: Mapped[str]
    customer_user_id: Mapped[UUID | None]
    customer_name: Mapped[str | None]
