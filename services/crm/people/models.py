"""Rows of people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from services.crm.db import Base


class Person(Base):
    """A member of a business, as the last event said; one who left stays, so that a late event does not revive him."""

    __tablename__ = "people"
    __table_args__ = person_indexes("crm", "people", "user_id", address="email")

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    roles: Mapped[list[str]]
    # Works for the business, rather than buys from it.
    is_colleague: Mapped[bool]
    active: Mapped[bool]
    changed_at: Mapped[datetime]
