"""Rows of users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id
from services.identity.db import Base


class User(Base):
    """A person's account. It belongs to no business: `members` say where the person belongs."""

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_email", "email", unique=True),)
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str]
    password_hash: Mapped[str | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    phone: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    is_active: Mapped[bool] = mapped_column(default=True)
    # The person's own business: acted in where a request names none, and the one that manages the account.
    home_tenant_id: Mapped[UUID | None]
    # When the person last showed that the address is his own; null: never.
    email_verified_at: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.first_name} {self.last_name}".strip()
