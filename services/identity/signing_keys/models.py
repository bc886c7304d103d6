"""Rows of signing keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id
from services.identity.db import Base


class SigningKey(Base):
    """An RSA key pair; the private part is encrypted. The one that is not retired signs, once it has been shown for a while."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        Index(
            "uq_signing_keys_current",
            text("(true)"),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    public_jwk: Mapped[dict[str, Any]]
    private_pem: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
