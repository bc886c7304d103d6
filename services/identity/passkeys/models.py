"""Rows of passkeys, and of the challenges that wait for an answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id
from services.identity.db import Base
from services.identity.users.models import User


class Passkey(Base):
    """The public half of a key on a person's device. It works at one relying party: the platform, or a shop's own host."""

    __tablename__ = "passkeys"
    __table_args__ = (
        Index("uq_passkeys_credential_id", "credential_id", unique=True),
        Index("ix_passkeys_user_id", "user_id", "created_at", "id"),
    )
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    name: Mapped[str]
    rp_id: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    # In COSE form (RFC 9052).
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # What the device calls the person: random, and the same for all keys of a person at one relying party.
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    # Grows with every use where the device counts; 0 where it does not.
    sign_count: Mapped[int]
    transports: Mapped[list[str]]
    device_type: Mapped[str]
    is_backed_up: Mapped[bool]
    aaguid: Mapped[str]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")


class Ceremony(StrEnum):
    """What a challenge is for."""

    REGISTER = "register"
    LOGIN = "login"


class PasskeyChallenge(Base):
    """A challenge by its hash. It is removed by whoever answers it, so it is answered once."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index("ix_passkey_challenges_expires_at", "expires_at"),)

    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    ceremony: Mapped[str]
    rp_id: Mapped[str]
    # Who registers; a sign-in may be bound to a name, which is kept as a hash whether anybody has it or not.
    user_id: Mapped[UUID | None]
    name_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    user_handle: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
