"""The counters behind gapless numbers."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.payments.db import Base


class DocumentCounter(Base):
    """The last number given in a series of a business."""

    __tablename__ = "document_counters"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
