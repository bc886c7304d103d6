"""Rows of number series."""

from uuid import UUID

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.orders.db import Base


class DocumentNumber(Base):
    """The last number given in one series of a business; its row lock keeps the series without gaps."""

    __tablename__ = "document_numbers"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    prefix: Mapped[str]
    width: Mapped[int] = mapped_column(Integer, default=6)
    last_value: Mapped[int] = mapped_column(default=0)
