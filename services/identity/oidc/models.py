"""Rows of sign-ins under way at a provider, of codes to be traded for a session, and of linked accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id
from services.identity.db import Base
from services.identity.users.models import User


class OidcFlow(Base):
    """A sign-in that has left for a provider. It is removed by the one browser that comes back with it.

    State, nonce and the browser's cookie are kept as hashes, the PKCE verifier under the key ring.
    """

    __tablename__ = "oidc_flows"
    __table_args__ = (
        Index("uq_oidc_flows_state_hash", "state_hash", unique=True),
        Index("ix_oidc_flows_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    state_hash: Mapped[bytes] = mapped_column(LargeBinary)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    provider_code: Mapped[str]
    # The business whose provider it is; none: the platform's.
    provider_tenant_id: Mapped[UUID | None]
    nonce_hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_verifier: Mapped[str]
    redirect_uri: Mapped[str]
    return_to: Mapped[str | None]
    # What a frontend must show the verifier of when it trades the code (RFC 7636).
    code_challenge: Mapped[str | None]
    # The shop that somebody new joins.
    shop_id: Mapped[UUID | None]
    # Who links an account, and in which session.
    user_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    is_remembered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OidcCode(Base):
    """What a frontend trades for a session, by its hash."""

    __tablename__ = "oidc_codes"
    __table_args__ = (Index("ix_oidc_codes_expires_at", "expires_at"),)

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    code_challenge: Mapped[str | None]
    is_remembered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OidcLink(Base):
    """That an outside account is a person's. It is known by issuer and subject, and by nothing else."""

    __tablename__ = "oidc_links"
    __table_args__ = (
        Index("uq_oidc_links_subject", "issuer", "subject", unique=True),
        Index("ix_oidc_links_user_id", "user_id", "created_at", "id"),
    )
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    issuer: Mapped[str]
    subject: Mapped[str]
    # Through which provider it was made, and what it said of the person then; for people to read.
    provider_code: Mapped[str]
    provider_tenant_id: Mapped[UUID | None]
    email: Mapped[str | None]
    # That the account here was made with an address that nobody had proven: whoever proves it later outdoes the link.
    is_claim: Mapped[bool] = mapped_column(default=False)
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
