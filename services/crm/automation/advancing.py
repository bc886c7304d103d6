"""The turns of a run: which of its actions are done now, as whom, and what becomes of those that fail.

Actions that come one after another are one commit, with the record of them, what comes next and the end of the job; so
each happens once. Whoever is killed before that commit has done nothing, and after it finds that the run has moved on.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, ValidationFailed
from libs.common.messaging.failures import is_outage, reason_of
from libs.common.runtime.upstreams import UpstreamProblem
from services.crm.automation.acting import Words, act, acting, end, is_gone, on_behalf, wake, write_step
from services.crm.automation.actions import SendEmail
from services.crm.automation.definition import MAX_ACTIONS, stored
from services.crm.automation.models import FAILED, OPEN, RUNNING, STOPPED, Rule, Run
from services.crm.automation.planning import pause, plan
from services.crm.automation.rights import Standing, standing_of
from services.crm.automation.run_repository import RunRepository, run_of, underway
from services.crm.automation.sending import send_email
from services.crm.automation.starting import Cause, begin, claim_of, go_on, said_by, situation_of

log = logging.getLogger("pillars.crm.automation")
JUDGE = "judge_automation_rule"
_BUSY = frozenset({408, 409, 425, 429})


class Changed(Exception):
    """The rule was given another owner while his rights were asked for; the job comes again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt at the actions of a run from one of them on."""

    run_id: UUID
    position: int
    attempts: int

    def has_come(self, status: str, position: int, attempts: int) -> bool:
        """Whether a run that stands there has not moved on."""
        return status in OPEN and (position, attempts) == (self.position, self.attempts)

    async def take(self, uow: UnitOfWork) -> Run | None:
        """The run, locked; None where it has moved on."""
        run = await run_of(uow, self.run_id)
        if run is None or not self.has_come(run.status, run.position, run.attempts):
            return None
        return run


async def start_and_act(
    uow: UnitOfWork, rule_id: UUID, owner_id: UUID, cause: Cause, standing: Standing
) -> None:
    """Begin the run of a rule and do its first actions, as one commit; where one of them fails, begin the run alone.

    Raises:
        Changed: the rule has another owner by now.
    """
    try:
        run, rule = await _begin(uow, rule_id, owner_id, cause)
        if run is None or rule is None or run.status != RUNNING:
            return
        with on_behalf(uow, acting(standing, rule.permissions), run):
            await act(uow, run, rule, most=MAX_ACTIONS)
        await uow.flush()
    except Exception as error:
        if is_outage(error) or isinstance(error, Changed):
            raise
        # Its job finds out which of them it is, and what is to be done about it.
        await uow.roll_back()
        run, _ = await _begin(uow, rule_id, owner_id, cause)
        if run is not None and run.status == RUNNING:
            go_on(uow, run)


async def _begin(
    uow: UnitOfWork, rule_id: UUID, owner_id: UUID, cause: Cause
) -> tuple[Run | None, Rule | None]:
    rule, claimed = await RunRepository(uow, rule_id).claim_of_rule(*claim_of(uow, cause))
    if rule is None or not rule.enabled:
        return None, rule
    if rule.owner_id != owner_id:
        raise Changed
    return await begin(uow, rule, cause, claimed), rule


async def advance(uow: UnitOfWork, turn: Turn) -> None:
    """Do the actions whose turn it is."""
    found = await underway(uow, turn.run_id)
    if found is None or not turn.has_come(*found[0]):
        return
    version = found[1]
    standing = await standing_of(uow.context, uow.tenant_id, version.owner_id)
    try:
        actor = None if standing.rests else acting(standing, version.permissions)
        sent = None if actor is None else await _send(uow, turn, version, actor)
    except Exception as error:
        if is_outage(error):
            raise
        await _note_failure(uow, turn, version, error)
        return
    if actor is None:
        await _rest(uow, turn, standing)
    else:
        await _act(uow, turn, version, actor, sent)


async def _send(uow: UnitOfWork, turn: Turn, version: Words, actor: Actor) -> dict[str, Any] | None:
    """Send the mail whose turn it is; None where it is the turn of something else, or there is nothing left of it."""
    definition = stored(version)
    if turn.position >= len(definition.actions):
        return None
    action = definition.actions[turn.position]
    if not isinstance(action, SendEmail):
        return None
    async with uow.context.unit_of_work(tenant_id=uow.tenant_id) as reading:
        run = await turn.take(reading)
        if run is None:
            return None
        at = await situation_of(
            reading,
            (run.rule_id, version.name),
            definition,
            (run.object_type, run.object_id),
            said_by(run.event, run.event_data),
        )
        planned, gone = plan(action, at), is_gone(at)
    if gone:
        return None
    return await send_email(uow.context, actor, f"automation:{turn.run_id}:{turn.position}", planned)


async def _act(
    uow: UnitOfWork, turn: Turn, version: Words, actor: Actor, sent: dict[str, Any] | None
) -> None:
    """Do the actions of a turn as one commit; where one of them fails, those before it, and then it is its turn."""
    most = MAX_ACTIONS
    while True:
        run = await turn.take(uow)
        if run is None:
            return
        try:
            with on_behalf(uow, actor, run):
                await act(uow, run, version, most=most, sent=sent)
            await uow.flush()
            return
        except Exception as error:
            if is_outage(error):
                raise
            await uow.roll_back()
            most = min(run.position - turn.position, most - 1)
            if most == 0:
                await _note_failure(uow, turn, version, error)
                return


async def _rest(uow: UnitOfWork, turn: Turn, standing: Standing) -> None:
    """End a run of a business whose rules rest."""
    run = await turn.take(uow)
    if run is not None:
        wake(uow, run)
        end(uow, run, STOPPED, reason=f"rules of the business rest: {standing.rests}")
        await RunRepository(uow, run.rule_id).save(run)


async def _note_failure(uow: UnitOfWork, turn: Turn, version: Words, error: Exception) -> None:
    """Try again after a pause, or end the run where that is of no use."""
    log.info("an action failed: %s", reason_of(error), extra={"run_id": str(turn.run_id)})
    run = await turn.take(uow)
    if run is None:
        return
    settings = uow.context.settings
    if not _is_final(error) and run.attempts + 1 < settings.automation_step_attempts:
        run.attempts += 1
        run.due_at = uow.now + pause(run.attempts, settings.automation_retry_seconds)
        run.problem = problem_of(error)
        go_on(uow, run)
    else:
        wake(uow, run)
        if run.position < len(version.actions):
            action = str(version.actions[run.position]["type"])
            write_step(uow, run, action, "failed", problem=problem_of(error))
        end(uow, run, FAILED, problem=problem_of(error))
        uow.defer(JUDGE, key=str(run.id), rule_id=str(run.rule_id))
    await RunRepository(uow, run.rule_id).save(run)


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
