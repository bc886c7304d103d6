"""The unit of work: one transaction with its tenant scope, its events and its jobs.

Only an edge (request, consumer, job runner, command) opens and commits one. Code inside flushes at most.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import MutableHeaders

from libs.common import metrics
from libs.common.actor import Actor
from libs.common.db.direct import Direct, heard, values_of
from libs.common.db.tenancy import Scope
from libs.common.db.transaction import Transaction
from libs.common.errors import PreconditionFailed, TenantRequired
from libs.common.failpoints import failpoint
from libs.common.jobs.queue import Added, job_insert, job_row
from libs.common.masking import masked
from libs.common.messaging.event import Event
from libs.common.messaging.outbox import outbox_insert, outbox_row
from libs.common.origin import origin_text

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext


class UnitOfWork:
    """One transaction on behalf of one actor.

    Attributes:
        transaction: where its statements run; it begins, in the tenant scope, with the first of them.
        actor: who acts.
        context: the process-wide parts of the service (settings, clock, clients, key ring).
        correlation_id, causation_id: carried into every event, for tracing a story through the services.
        if_match: the versions that the caller would change, when it named some with `If-Match`.
        response_headers: headers that the answer will bear; `tag` puts the ETag there.
    """

    def __init__(self, actor: Actor, context: "ServiceContext", scope: Scope) -> None:
        self.transaction = Transaction(context.engine, context.sessions, scope)
        self.actor = actor
        self.context = context
        self.correlation_id: str | None = None
        self.causation_id: str | None = None
        self.if_match: frozenset[int] | None = None
        self.response_headers: MutableHeaders = MutableHeaders()
        self._shown: Any = None
        self._emitted: list[str] = []
        self._pending: dict[Direct, list[Any]] = {}
        self._has_sent_jobs = False
        self._after_commit: list[Callable[[], Awaitable[None]]] = []

    @property
    def now(self) -> datetime:
        """The time, from the service's clock."""
        return self.context.clock.now()

    @property
    def tenant_id(self) -> UUID:
        """The tenant acted in.

        Raises:
            TenantRequired: none was resolved.
        """
        if self.actor.tenant_id is None:
            raise TenantRequired("Name the business with the X-Company-Id header.")
        return self.actor.tenant_id

    @property
    def is_platform(self) -> bool:
        """Whether rows of all tenants are in reach."""
        return self.scope.is_platform

    @property
    def scope(self) -> Scope:
        """Whose rows are in reach."""
        return self.transaction.scope

    @property
    def session(self) -> AsyncSession:
        """The SQLAlchemy session, for what is not hot."""
        return self.transaction.session

    def tag(self, version: int | None) -> None:
        """Name the version of the resource that the answer shows."""
        self._shown = None
        if version is not None:
            self.response_headers["ETag"] = f'"{version}"'

    def show(self, row: Any) -> None:
        """Name the row that the answer shows: its version is the ETag, also after it has changed here."""
        self.tag(getattr(row, "version", None))
        self._shown = row

    def raise_version(self, row: Any) -> None:
        """Give a row that is about to be written its next version."""
        row.version += 1
        row.updated_at = self.now
        if row is self._shown:
            self.show(row)

    def check_version(self, version: int) -> None:
        """Refuse to change what is of another version than the caller named.

        Raises:
            PreconditionFailed: `If-Match` does not name this version.
        """
        if self.if_match is not None and version not in self.if_match:
            raise PreconditionFailed("Read it again and repeat the change.", current_version=version)

    async def enter_tenant(self, tenant_id: UUID) -> None:
        """Act in this tenant for the rest of the transaction, and see its rows only."""
        await self.flush()
        self.actor = self.actor.in_tenant(tenant_id)
        self.scope.tenant_id, self.scope.is_platform = tenant_id, False
        await self.transaction.rescope()

    async def enter_platform(self) -> None:
        """See the rows of all tenants for the rest of the transaction. Trusted code only."""
        await self.flush()
        self.scope.is_platform = True
        await self.transaction.rescope()

    def emit(self, event: Event, *, tenant_id: UUID | None = None) -> None:
        """Record an event in this transaction; it is published after the commit, at least once.

        `tenant_id` names the business the event is of, where it is not the one acted in.
        """
        row = outbox_row(
            event,
            source=self.context.service.name,
            tenant_id=tenant_id or self.tenant_id,
            actor=self.actor,
            time=self.now,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            origin=origin_text(),
        )
        self.write(outbox_insert(self.context.models.outbox.__table__), row)
        self._emitted.append(event.wire_name)

    def audit(
        self,
        action: str,
        resource: str,
        resource_id: UUID | str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Record a change for the audit log: what was done to what, with the fields before and after.

        What is a secret by its name is masked.
        """
        from libs.contracts.audit import change_recorded

        name = self.context.service.name
        self.emit(change_recorded(name, action, resource, resource_id, masked(before), masked(after)))

    def defer(self, job: str, *, run_at: datetime | None = None, key: str | None = None, **args: Any) -> None:
        """Record a job in this transaction; it runs after the commit (or at `run_at`).

        `key` makes it unique among the unfinished ones of that name and tenant: a second one is left out. Args must
        be JSON values.
        """
        row = job_row(job, args, tenant_id=self.actor.tenant_id, run_at=run_at or self.now, key=key)
        self.write(job_insert(self.context.models.job.__table__), row)

    def after_commit(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Run something harmless to lose (a wake-up, a cache entry) once the commit has happened."""
        self._after_commit.append(callback)

    def write(self, statement: Direct, *rows: Any) -> None:
        """Record writes that the next flush sends, after the session's own and in the order of the statements here.

        A row is the values by name, or an object of the model that is written as it is at the flush.
        """
        self._pending.setdefault(statement, []).extend(rows)

    def insert(self, statement: Direct, row: Any) -> None:
        """Record the INSERT of a new object: made now, its first version, and of this tenant unless it is of one."""
        if row.tenant_id is None:
            row.tenant_id = self.tenant_id
        row.created_at = row.updated_at = self.now
        row.version = 1
        self.write(statement, row)

    def will_write(self, statement: Direct, row: Any) -> bool:
        """Whether the next flush writes this object with this statement, as it is by then."""
        return any(one is row for one in self._pending.get(statement, ()))

    async def flush(self) -> None:
        """Write what is pending: changed rows, then in one round trip what was recorded, events and jobs included."""
        await self.transaction.flush()
        if self._pending:
            self._has_sent_jobs |= job_insert(self.context.models.job.__table__) in self._pending
            await heard(self, self._take_pending(), self.transaction.exchange)

    def _take_pending(self) -> list[tuple[Direct, dict[str, Any]]]:
        pending, self._pending = self._pending, {}
        return [
            (statement, row if isinstance(row, dict) else values_of(row))
            for statement, rows in pending.items()
            for row in rows
        ]

    async def roll_back(self) -> None:
        """Undo what was done and forget what was recorded; what comes next begins another transaction."""
        self._pending, self._emitted, self._after_commit = {}, [], []
        self._has_sent_jobs = False
        await self.transaction.close()

    async def commit(self) -> None:
        """Commit, in one round trip with what is pending; then begin the jobs, wake the relay and run the callbacks."""
        await self.transaction.flush()
        if self._emitted:
            self.context.notify_outbox(self)
        for wire_name in self._emitted:
            failpoint("committing", wire_name)
        pending, jobs = self._take_pending(), Added(self.context)
        try:
            jobs.claim(pending)
            jobs.begin(await heard(self, pending, self.transaction.commit))
        finally:
            jobs.close()
        if self._has_sent_jobs or jobs.are_left:
            await self.context.wake_jobs()
        if self._emitted:
            for wire_name in self._emitted:
                failpoint("committed", wire_name)
                metrics.events_emitted_total.labels(self.context.service.name, wire_name).inc()
            await self.context.wake_relay()
        for callback in self._after_commit:
            await callback()


@asynccontextmanager
async def unit_of_work(
    context: "ServiceContext", actor: Actor, *, platform: bool = False
) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work, commit it at the end of the block, roll it back on any error.

    A connection is taken with the first statement, so that a block that runs none needs none.
    """
    uow = UnitOfWork(actor, context, Scope(actor.tenant_id, is_platform=platform))
    try:
        yield uow
        await uow.commit()
    finally:
        await uow.transaction.close()
