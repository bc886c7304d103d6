"""The tables that every service has beside its own: outbox, inbox, dead letters, jobs, idempotency keys.

`infrastructure(Base)` makes them in the schema of one service.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Integer, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id


@dataclass(frozen=True)
class Infrastructure:
    """The infrastructure models of one service."""

    outbox: type[Any]
    inbox: type[Any]
    dead_letter: type[Any]
    job: type[Any]
    schedule: type[Any]
    idempotency_key: type[Any]


def infrastructure(base: Any) -> Infrastructure:
    """Make the models on a service's base."""

    class Outbox(base):
        """An event that was committed and is to be published, or was."""

        __tablename__ = "outbox"
        __table_args__ = (
            Index("ix_outbox_pending", "id", postgresql_where=text("published_at IS NULL")),
            Index("ix_outbox_published_at", "published_at"),
        )

        id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
        event_id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
        tenant_id: Mapped[UUID]
        type: Mapped[str]
        source: Mapped[str]
        subject: Mapped[str]
        time: Mapped[datetime]
        actor: Mapped[str | None]
        correlation_id: Mapped[str | None]
        causation_id: Mapped[str | None]
        traceparent: Mapped[str | None]
        # Where the request came from: the line of `libs.common.origin`.
        origin: Mapped[str | None]
        data: Mapped[dict[str, Any]]
        published_at: Mapped[datetime | None]

    class Inbox(base):
        """That a handler has had the effect of an event: written in the transaction of that effect."""

        __tablename__ = "inbox"
        __table_args__ = (Index("ix_inbox_processed_at", "processed_at"),)

        event_id: Mapped[UUID] = mapped_column(primary_key=True)
        handler: Mapped[str] = mapped_column(primary_key=True)
        processed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    class DeadLetter(base):
        """A message that a handler could not take after all its retries, with the reason."""

        __tablename__ = "dead_letters"
        __table_args__ = (
            Index("ix_dead_letters_open", "created_at", postgresql_where=text("resolved_at IS NULL")),
            # What the sweeps look for; nearly no row is among them.
            Index(
                "ix_dead_letters_resolved_at",
                "resolved_at",
                postgresql_where=text("resolved_at IS NOT NULL"),
            ),
        )

        id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
        tenant_id: Mapped[UUID | None]
        handler: Mapped[str]
        event_id: Mapped[UUID | None]
        type: Mapped[str | None]
        envelope: Mapped[dict[str, Any]]
        reason: Mapped[str]
        attempts: Mapped[int] = mapped_column(Integer, default=0)
        created_at: Mapped[datetime] = mapped_column(server_default=func.now())
        resolved_at: Mapped[datetime | None]
        resolution: Mapped[str | None]

    class Job(base):
        """Work to do once, at or after a time; finished in the transaction of its effect."""

        __tablename__ = "jobs"
        __table_args__ = (
            Index("ix_jobs_due", "run_at", postgresql_where=text("finished_at IS NULL AND dead_at IS NULL")),
            Index(
                "uq_jobs_name_key",
                "name",
                "key",
                unique=True,
                postgresql_where=text("finished_at IS NULL AND dead_at IS NULL"),
            ),
            Index("ix_jobs_finished_at", "finished_at"),
            Index("ix_jobs_dead_at", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
        )

        id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
        tenant_id: Mapped[UUID | None]
        name: Mapped[str]
        key: Mapped[str | None]
        args: Mapped[dict[str, Any]]
        run_at: Mapped[datetime]
        attempts: Mapped[int] = mapped_column(Integer, default=0)
        locked_until: Mapped[datetime | None]
        last_error: Mapped[str | None]
        created_at: Mapped[datetime] = mapped_column(server_default=func.now())
        finished_at: Mapped[datetime | None]
        dead_at: Mapped[datetime | None]

    class Schedule(base):
        """When a timed job last came due, so that one of many processes starts it."""

        __tablename__ = "job_schedules"

        name: Mapped[str] = mapped_column(primary_key=True)
        last_tick: Mapped[datetime]

    class IdempotencyKey(base):
        """The answer given to a request with an idempotency key, written in the transaction of its effect."""

        __tablename__ = "idempotency_keys"
        __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

        tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
        scope: Mapped[str] = mapped_column(primary_key=True)
        key: Mapped[str] = mapped_column(primary_key=True)
        request_hash: Mapped[bytes] = mapped_column(LargeBinary)
        content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
        status: Mapped[int | None] = mapped_column(Integer)
        body: Mapped[bytes | None] = mapped_column(LargeBinary)
        created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    return Infrastructure(Outbox, Inbox, DeadLetter, Job, Schedule, IdempotencyKey)
