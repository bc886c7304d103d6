"""What an operator sees and does of one service's part of the bus: outbox, queues, dead letters, jobs.

The gateway asks every service at `/internal/bus/…` on behalf of the operator; each checks the permission again.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, select, update

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import Conflict, NotFound, Unavailable
from libs.common.filters import Custom, ListQuery
from libs.common.http.deps import Context, CurrentActor, PlatformUow, allow
from libs.common.http.problems import problems
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import BadEnvelope, Envelope
from libs.common.messaging.failures import is_outage, reason_of
from libs.common.messaging.outbox import actor_label
from libs.common.pagination import Page
from libs.common.runtime.context import ServiceContext
from libs.common.schema import OutSchema, Schema

router = APIRouter(prefix="/internal/bus", tags=["bus"], include_in_schema=False)
READ, WRITE = allow("gateway.bus.read"), allow("gateway.bus.write")


class NotRetriable(Conflict):
    """The dead letter is resolved already, is no event at all, or its handler does not exist any more."""

    slug = "dead-letter-not-retriable"
    title = "Cannot be retried or skipped"


class OutboxOut(OutSchema):
    """The events of a service that are committed and not yet published."""

    pending: int
    oldest_seconds: float


class QueueOut(OutSchema):
    """A queue: `ready` wait, `in_flight` are being handled, `delayed` wait for another attempt."""

    name: str
    ready: int
    in_flight: int
    delayed: int


class QueuesOut(OutSchema):
    """The queues of a service."""

    items: list[QueueOut]


class DeadLetterOut(OutSchema):
    """A message that a handler could not take, with the reason of its last failure."""

    id: UUID
    tenant_id: UUID | None
    handler: str
    event_id: UUID | None
    type: str | None
    reason: str
    attempts: int
    created_at: datetime
    resolved_at: datetime | None
    resolution: str | None


class DeadLetterDetail(DeadLetterOut):
    """The same with the message itself."""

    envelope: dict[str, Any]


class SkipBody(Schema):
    """Why a dead letter is given up."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class JobOut(OutSchema):
    """A job; `state` is waiting, running, finished or dead."""

    id: UUID
    tenant_id: UUID | None
    name: str
    key: str | None
    state: str
    run_at: datetime
    attempts: int
    last_error: str | None
    created_at: datetime


class DeadLetterQuery(ListQuery):
    """Dead letters nobody has resolved."""

    orderable = ("created_at",)


class JobQuery(ListQuery):
    """Jobs that are not finished, the next to run first, or those in one state."""

    orderable = ("run_at",)
    default_order = "run_at"

    state: Annotated[Literal["waiting", "running", "dead"] | None, Custom()] = None


async def outbox_lag(uow: UnitOfWork) -> OutboxOut:
    """How many events wait to be published, and how long the oldest has."""
    outbox: Any = uow.context.models.outbox
    statement = select(func.count(), func.min(outbox.time)).where(outbox.published_at.is_(None))
    count, oldest = (await uow.session.execute(statement)).one()
    return OutboxOut(
        pending=count, oldest_seconds=max(0.0, (uow.now - oldest).total_seconds()) if oldest else 0.0
    )


async def list_dead_letters(uow: UnitOfWork, query: ListQuery) -> dict[str, Any]:
    """One page of the unresolved ones, newest first."""
    model: Any = uow.context.models.dead_letter
    rows, cursor = await _rows(uow, model, model.resolved_at.is_(None)).page(query)
    return {"items": rows, "next_cursor": cursor}


async def get_dead_letter(uow: UnitOfWork, letter_id: UUID, *, lock: bool = False) -> Any:
    """One of them, resolved or not.

    Raises:
        NotFound: there is none with this id.
    """
    letter = await _rows(uow, uow.context.models.dead_letter).get(letter_id, lock=lock)
    if letter is None:
        raise NotFound("There is no such dead letter.", resource="dead letter")
    return letter


async def retry_dead_letter(context: ServiceContext, letter_id: UUID, *, by: str) -> Any:
    """Run the handler on the stored event once more; the letter is resolved, or bears the new reason.

    Raises:
        NotFound, NotRetriable: there is none, or nothing that could be retried.
        Unavailable: the database failed meanwhile; the letter is as it was.
    """
    model: Any = context.models.dead_letter
    try:
        async with context.unit_of_work(platform=True) as uow:
            letter = await _open_letter(uow, letter_id)
            subscription = next((s for s in context.service.subscriptions if s.name == letter.handler), None)
            if subscription is None:
                raise NotRetriable(f"No handler is called {letter.handler} any more.")
            try:
                envelope = Envelope.from_json(letter.envelope, attempts=letter.attempts)
            except BadEnvelope:
                raise NotRetriable("It is not an event; it can only be skipped.") from None
            await uow.enter_tenant(envelope.tenant_id)
            handled = await Consumer(context).apply(uow, subscription, envelope)
            await uow.enter_platform()
            letter.resolved_at = uow.now
            letter.resolution = f"{'retried' if handled else 'was handled already'}, asked by {by}"
            _record(uow, "retried", "dead letter", letter_id, handler=letter.handler, by=by, is_resolved=True)
        return letter
    except (NotFound, NotRetriable):
        raise
    except Exception as error:
        if is_outage(error):
            raise Unavailable("The database is not available now.") from error
        async with context.unit_of_work(platform=True) as uow:
            _record(uow, "retried", "dead letter", letter_id, by=by, is_resolved=False)
            changed = update(model).where(model.id == letter_id, model.resolved_at.is_(None))
            await uow.session.execute(changed.values(reason=reason_of(error), attempts=model.attempts + 1))
            return await get_dead_letter(uow, letter_id)


async def skip_dead_letter(uow: UnitOfWork, letter_id: UUID, reason: str, *, by: str) -> Any:
    """Resolve one without handling it, for a reason.

    Raises:
        NotFound, NotRetriable: there is none, or it is resolved.
    """
    letter = await _open_letter(uow, letter_id)
    letter.resolved_at = uow.now
    letter.resolution = f"skipped by {by}: {reason}"
    _record(uow, "skipped", "dead letter", letter_id, handler=letter.handler, by=by, reason=reason)
    await uow.flush()
    return letter


async def list_jobs(uow: UnitOfWork, query: JobQuery) -> dict[str, Any]:
    """One page of jobs with their state."""
    model: Any = uow.context.models.job
    running = and_(model.locked_until.is_not(None), model.locked_until > func.now())
    conditions: dict[str | None, list[ColumnElement[bool]]] = {
        None: [model.dead_at.is_(None)],
        "waiting": [model.dead_at.is_(None), ~func.coalesce(running, False)],
        "running": [model.dead_at.is_(None), running],
        "dead": [model.dead_at.is_not(None)],
    }
    rows, cursor = await _rows(uow, model, model.finished_at.is_(None), *conditions[query.state]).page(query)
    return {"items": [_job(row, uow.now) for row in rows], "next_cursor": cursor}


async def retry_job(uow: UnitOfWork, job_id: UUID) -> JobOut:
    """Let a dead job run again, with all its attempts.

    Raises:
        NotFound: there is no dead job with this id.
    """
    model: Any = uow.context.models.job
    row = await _rows(uow, model, model.dead_at.is_not(None)).find(
        model.id == job_id, model.dead_at.is_not(None), lock=True
    )
    if row is None:
        raise NotFound("There is no such dead job.", resource="job")
    row.dead_at, row.attempts, row.run_at = None, 0, uow.now
    _record(uow, "retried", "job", job_id, name=row.name)
    await uow.flush()
    uow.after_commit(uow.context.wake_jobs)
    return _job(row, uow.now)


def _record(uow: UnitOfWork, action: str, noun: str, ident: UUID, **after: Any) -> None:
    """Write down what an operator did, in the log of the operator."""
    from libs.contracts.audit import CHANGE_RECORDED

    kind = CHANGE_RECORDED.get(uow.context.service.name)
    # What is tried in tests is no service of the suite, and has no record.
    if kind is not None:
        event = kind(action=action, resource=noun, resource_id=str(ident), after=after)
        uow.emit(event, tenant_id=OPERATOR_TENANT_ID)


def _job(row: Any, now: datetime) -> JobOut:
    state = "waiting"
    if row.dead_at:
        state = "dead"
    elif row.finished_at:
        state = "finished"
    elif row.locked_until and row.locked_until > now:
        state = "running"
    row.state = state
    return JobOut.model_validate(row)


def _rows(uow: UnitOfWork, model: type[Any], *always: ColumnElement[bool]) -> Repository[Any]:
    class Rows(Repository[Any]):
        def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
            return [*super().conditions(query), *always]

    Rows.model = model
    return Rows(uow)


async def _open_letter(uow: UnitOfWork, letter_id: UUID) -> Any:
    letter = await get_dead_letter(uow, letter_id, lock=True)
    if letter.resolved_at is not None:
        raise NotRetriable(f"It was resolved already: {letter.resolution}.")
    return letter


@router.get("/outbox", response_model=OutboxOut, dependencies=[READ])
async def get_outbox(uow: PlatformUow) -> Any:
    """How many events wait to be published, and how long the oldest has."""
    return await outbox_lag(uow)


@router.get("/queues", response_model=QueuesOut, dependencies=[READ], responses=problems(Unavailable))
async def get_queues(context: Context) -> Any:
    """The queues of this service's handlers."""
    if context.broker is None:
        raise Unavailable("This process has not joined the bus.")
    try:
        states = await context.broker.queues()
    except (ConnectionError, OSError) as error:
        raise Unavailable("The broker does not answer.") from error
    return {"items": [s for s in states if f".{context.service.name}." in s.name]}


@router.get("/dead-letters", response_model=Page[DeadLetterOut], dependencies=[READ])
async def get_dead_letters(query: Annotated[DeadLetterQuery, Query()], uow: PlatformUow) -> Any:
    """Dead letters nobody has resolved, newest first."""
    return await list_dead_letters(uow, query)


@router.get(
    "/dead-letters/{letter_id}",
    response_model=DeadLetterDetail,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def read_dead_letter(letter_id: UUID, uow: PlatformUow) -> Any:
    """One dead letter with its message."""
    return await get_dead_letter(uow, letter_id)


@router.post(
    "/dead-letters/{letter_id}/retry",
    response_model=DeadLetterOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotRetriable),
)
async def retry(letter_id: UUID, context: Context, actor: CurrentActor) -> Any:
    """Run the handler once more; `resolved_at` is null and `reason` is new when it failed again."""
    return await retry_dead_letter(context, letter_id, by=actor_label(actor))


@router.post(
    "/dead-letters/{letter_id}/skip",
    response_model=DeadLetterOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotRetriable),
)
async def skip(letter_id: UUID, body: SkipBody, uow: PlatformUow) -> Any:
    """Give a dead letter up, for a reason."""
    return await skip_dead_letter(uow, letter_id, body.reason, by=actor_label(uow.actor))


@router.get("/jobs", response_model=Page[JobOut], dependencies=[READ])
async def get_jobs(query: Annotated[JobQuery, Query()], uow: PlatformUow) -> Any:
    """Jobs that are not finished, with their state."""
    return await list_jobs(uow, query)


@router.post(
    "/jobs/{job_id}/retry", response_model=JobOut, dependencies=[WRITE], responses=problems(NotFound)
)
async def run_dead_job(job_id: UUID, uow: PlatformUow) -> Any:
    """Let a dead job run again."""
    return await retry_job(uow, job_id)
