"""Rows of the audit log, and of the chain that its entries of one business are in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, func, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.actor import ActorKind
from libs.common.db.search import person_indexes, search_index
from libs.common.ids import new_id
from services.identity.db import Base

# What kind of caller acted: `user`, `api_key`, `guest` or `system`.
ACTOR_KIND: Any = literal_column("split_part(actor, ':', 1)")


def _by(*columns: str) -> Index:
    return Index(f"ix_audit_log_{'_'.join(columns) or 'time'}", "tenant_id", *columns, "time", "id")


def _where(name: str, condition: str, *columns: str) -> Index:
    return Index(
        f"ix_audit_log_{name}", "tenant_id", *columns, "time", "id", postgresql_where=text(condition)
    )


class AuditEntry(Base):
    """That somebody did something. The database refuses to change or remove a row, and the service has no right to.

    `seq`, `previous_hash` and `hash` are its place in the chain of its business; see `chain`. Entries from before there
    was a chain have none of them.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("uq_audit_log_event_id", "tenant_id", "event_id", unique=True),
        Index("uq_audit_log_seq", "tenant_id", "seq", unique=True, postgresql_where=text("seq IS NOT NULL")),
        # Of entries from before there was a chain.
        Index("ix_audit_log_unchained", "tenant_id", "id", postgresql_where=text("seq IS NULL")),
        _by(),
        _by("actor_id"),
        _where("acted_as_id", "acted_as_id IS NOT NULL", "acted_as_id"),
        _where("address", "address IS NOT NULL", "address"),
        # Row-level security lets no index answer for an expression; one index a kind needs to answer for none.
        *(_where(f"by_{kind}", f"split_part(actor, ':', 1) = '{kind}'") for kind in ActorKind),
        _by("action"),
        _by("resource"),
        _by("resource_id"),
        _by("service"),
        _by("request_id"),
        search_index("identity", "audit_log", "action", "resource", "resource_id"),
        *person_indexes("identity", "audit_log", "actor_id", "acted_as_id"),
        {"info": {"withheld": "UPDATE, DELETE"}},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    time: Mapped[datetime]
    event_id: Mapped[UUID]
    # `user:<id>`, `user:<id>/as:<id>`, `api_key:<id>`, `guest` or `system:<service>`.
    actor: Mapped[str | None]
    # The user or the API key of it: who really acted, whomever as.
    actor_id: Mapped[UUID | None]
    service: Mapped[str]
    action: Mapped[str]
    resource: Mapped[str]
    resource_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]
    acted_as_id: Mapped[UUID | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    tenant_via: Mapped[str | None]
    seq: Mapped[int | None]
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditChain(Base):
    """How long the chain of a business is, and the hash of its last entry. The database lets it grow only.

    `has_all` says that there were no entries without a number anywhere when it began; None is not known.
    """

    __tablename__ = "audit_chains"
    __table_args__ = ({"info": {"withheld": "DELETE"}},)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    has_all: Mapped[bool | None]
