"""The rows of merchants."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.db import Base


class Merchant(Base):
    """A business as it is named on invoices and payment pages; kept from what identity tells."""

    __tablename__ = "merchants"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    registration_number: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]
    country: Mapped[str | None]
    # Whether identity has stopped its trade, and when it said so last.
    is_stopped: Mapped[bool] = mapped_column(default=False, server_default=false())
    stopped_or_not_at: Mapped[datetime | None]

    def printed(self) -> dict[str, str]:
        """What an invoice shows of it, without absent members."""
        names = ("name", "address", "country", "registration_number", "email", "phone", "website")
        return {name: getattr(self, name) for name in names if getattr(self, name)}
