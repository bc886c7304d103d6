"""The next action of a run. Its effect, the record of it and what comes next are one commit, so it happens once.

Whoever is killed before that commit has done nothing, and after it finds that the run has moved on.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, PermissionDenied, ValidationFailed
from libs.common.failpoints import failpoint
from libs.common.messaging.consumer import is_outage, reason_of
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.crm.automation import chain
from services.crm.automation.actions import SendEmail, StopIf, Wait
from services.crm.automation.definition import stored
from services.crm.automation.models import COMPLETED, FAILED, OPEN, RUNNING, STOPPED, WAITING, Run, RunStep
from services.crm.automation.objects import OBJECTS
from services.crm.automation.performing import perform
from services.crm.automation.planning import Situation, pause, plan, until
from services.crm.automation.repository import RunRepository, VersionRepository, run_of
from services.crm.automation.rights import Standing, standing_of
from services.crm.automation.sending import send_email
from services.crm.automation.starting import go_on, situation_of

log = logging.getLogger("pillars.crm.automation")
JUDGE = "judge_automation_rule"
_BUSY = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt at one action of a run."""

    run_id: UUID
    position: int
    attempts: int

    async def take(self, uow: UnitOfWork) -> Run | None:
        """The run, locked; None where it has moved on."""
        run = await run_of(uow, self.run_id, lock=True)
        if (
            run is None
            or run.status not in OPEN
            or (run.position, run.attempts) != (self.position, self.attempts)
        ):
            return None
        return run


async def advance(context: ServiceContext, tenant_id: UUID, turn: Turn) -> None:
    """Do the action whose turn it is."""
    async with context.unit_of_work(tenant_id=tenant_id) as reading:
        run = await turn.take(reading)
        if run is None:
            return
        version = await VersionRepository(reading, run.rule_id).numbered(run.rule_version)
        reading.session.expunge_all()
    standing = await standing_of(context, tenant_id, version.owner_id)
    try:
        await _act(context, tenant_id, turn, version, standing)
    except Exception as error:
        if is_outage(error):
            raise
        await _note_failure(context, tenant_id, turn, version, error)


async def _act(
    context: ServiceContext, tenant_id: UUID, turn: Turn, version: Any, standing: Standing
) -> None:
    definition = stored(version)
    action = definition.actions[turn.position] if turn.position < len(definition.actions) else None
    rests = standing.rests
    actor = None if rests else _acting(standing, version.permissions)
    sent: dict[str, Any] | None = None
    if actor is not None and isinstance(action, SendEmail):
        async with context.unit_of_work(tenant_id=tenant_id) as reading:
            run = await turn.take(reading)
            if run is None:
                return None
            at = await situation_of(reading, (run.rule_id, version.name), definition, run)
            planned, gone = plan(action, at), _is_gone(at)
        if not gone:
            sent = await send_email(context, actor, f"automation:{turn.run_id}:{turn.position}", planned)
    async with context.unit_of_work(actor, tenant_id=tenant_id) as uow:
        run = await turn.take(uow)
        if run is None:
            return None
        uow.correlation_id = chain.write(run.correlation_id or str(run.id), run.depth)
        uow.causation_id = str(run.id)
        await _wake(uow, run)
        if rests is not None:
            return _end(run, STOPPED, uow, reason=f"rules of the business rest: {rests}")
        if action is None:
            return _end(run, COMPLETED, uow)
        at = await situation_of(uow, (run.rule_id, version.name), definition, run)
        if sent is None and _is_gone(at):
            return _end(run, STOPPED, uow, reason=f"there is no such {run.object_type} any more")
        planned = plan(action, at) if sent is None else sent
        result = await perform(uow, action, planned, run, version.name) if sent is None else sent
        failpoint("crm", "automation", "performed")
        return _progress(uow, run, action, result, len(definition.actions))


def _acting(standing: Standing, permissions: list[str]) -> Actor:
    """The owner, with no more rights than the rule takes.

    Raises:
        PermissionDenied: he lacks some of them, or may not act in the business any more.
    """
    lacking = standing.lacks(permissions)
    if standing.actor is None:
        raise PermissionDenied("The owner of the rule may not act in the business any more.")
    if lacking:
        raise PermissionDenied(
            f"The owner of the rule lacks {', '.join(lacking)}.", required_permission=lacking[0]
        )
    return replace(standing.actor, permissions=frozenset(permissions), is_superuser=False)


def _is_gone(at: Situation) -> bool:
    """Whether the thing that the run is about was removed."""
    return at.object_type in OBJECTS and at.object_id is not None and not at.facts.values.get(at.object_type)


async def _wake(uow: UnitOfWork, run: Run) -> None:
    """Note the end of the wait that the run comes from."""
    if run.status == WAITING:
        run.status = RUNNING
        waited = await RunRepository(uow, run.rule_id).step(run.id, run.position - 1)
        if waited is not None:
            waited.status, waited.finished_at = "done", uow.now


def _progress(uow: UnitOfWork, run: Run, action: Any, result: dict[str, Any], count: int) -> None:
    """Write what an action did, and what comes next."""
    waits = isinstance(action, Wait)
    stops = isinstance(action, StopIf) and result["stops"]
    status = "waiting" if waits else "stopped" if stops else "done"
    _write_step(uow, run, action.type, status, result=result)
    if stops:
        return _end(run, STOPPED, uow, reason=f"stop_if at position {run.position} holds")
    run.position, run.attempts = run.position + 1, 0
    if waits:
        run.status, run.due_at = WAITING, until(result)
    elif run.position >= count:
        return _end(run, COMPLETED, uow)
    else:
        run.due_at = uow.now
    go_on(uow, run)
    return None


def _end(
    run: Run,
    status: str,
    uow: UnitOfWork,
    *,
    reason: str | None = None,
    problem: dict[str, Any] | None = None,
) -> None:
    run.status, run.reason, run.problem = status, reason, problem
    run.due_at, run.finished_at, run.event_data = None, uow.now, None


def _write_step(
    uow: UnitOfWork,
    run: Run,
    action: str,
    status: str,
    *,
    result: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None,
) -> None:
    uow.session.add(
        RunStep(
            tenant_id=run.tenant_id,
            run_id=run.id,
            position=run.position,
            action=action,
            status=status,
            result=result,
            problem=problem,
            attempts=run.attempts + 1,
            started_at=uow.now,
            finished_at=None if status == "waiting" else uow.now,
        )
    )


async def _note_failure(
    context: ServiceContext, tenant_id: UUID, turn: Turn, version: Any, error: Exception
) -> None:
    """Try again after a pause, or end the run where that is of no use."""
    log.info("an action failed: %s", reason_of(error), extra={"run_id": str(turn.run_id)})
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        run = await turn.take(uow)
        if run is None:
            return
        settings = context.settings
        if not _is_final(error) and run.attempts + 1 < settings.automation_step_attempts:
            run.attempts += 1
            run.due_at = uow.now + pause(run.attempts, settings.automation_retry_seconds)
            run.problem = problem_of(error)
            go_on(uow, run)
            return
        await _wake(uow, run)
        if run.position < len(version.actions):
            action = str(version.actions[run.position]["type"])
            _write_step(uow, run, action, "failed", problem=problem_of(error))
        _end(run, FAILED, uow, problem=problem_of(error))
        uow.defer(JUDGE, key=str(run.id), rule_id=str(run.rule_id))


def _is_final(error: Exception) -> bool:
    """Whether to try again would lead to the same."""
    if isinstance(error, UpstreamProblem):
        return error.upstream_status < 500 and error.upstream_status not in _BUSY
    return isinstance(error, ValidationError) or (isinstance(error, AppError) and error.status < 500)


def problem_of(error: Exception) -> dict[str, Any]:
    """A problem as it is kept and shown; what is not meant for callers is not told."""
    if isinstance(error, UpstreamProblem):
        return {name: error.problem.get(name) for name in ("slug", "title", "status", "detail")}
    if isinstance(error, ValidationError):
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        error = ValidationFailed(said)
    if not isinstance(error, AppError):
        return {"slug": "internal-error", "title": "Internal error", "status": 500, "detail": None}
    found = {"slug": error.slug, "title": error.title, "status": error.status, "detail": error.detail}
    extra = {name: value for name, value in error.extra.items() if isinstance(value, str | int | bool)}
    return {**extra, **found}
