"""Rows of second factors; they belong to people, so the platform scope alone reads them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.db import Base
from services.identity.users.models import User


class TotpFactor(Base):
    """The seed that a person's authenticator app holds too, encrypted. Until it is confirmed it is asked for nowhere."""

    __tablename__ = "totp_factors"

    # That of the person, who has one at most.
    id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    seed: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]
    # The last step (of 30 seconds since 1970) whose code was taken: none is taken twice, and none before it.
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that stands in once for the app, by its hash."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
