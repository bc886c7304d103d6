"""The actions of a run that come one after another without a wait between them, as one commit of whoever calls this."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from libs.common.actor import Actor
from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import PermissionDenied
from libs.common.failpoints import failpoint
from services.crm.automation import chain
from services.crm.automation.actions import SendEmail, StopIf, Wait
from services.crm.automation.definition import Definition, stored
from services.crm.automation.models import (
    COMPLETED,
    OPEN,
    RUNNING,
    STOPPED,
    WAITING,
    Rule,
    RuleVersion,
    Run,
    RunStep,
)
from services.crm.automation.objects import OBJECTS
from services.crm.automation.performing import perform
from services.crm.automation.planning import Situation, plan, until
from services.crm.automation.rights import Standing
from services.crm.automation.run_repository import RunRepository
from services.crm.automation.starting import go_on, said_by, situation_of

# What a run goes by: the version that it began with, or the rule while it says the same.
Words = Rule | RuleVersion


def acting(standing: Standing, permissions: list[str]) -> Actor:
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


@contextmanager
def on_behalf(uow: UnitOfWork, actor: Actor, run: Run) -> Iterator[None]:
    """Within the block, what is done is done by this actor, and because of the run."""
    before = uow.actor, uow.correlation_id, uow.causation_id
    uow.actor, uow.causation_id = actor, str(run.id)
    uow.correlation_id = chain.write(run.correlation_id or str(run.id), run.depth)
    try:
        yield
    finally:
        uow.actor, uow.correlation_id, uow.causation_id = before


async def act(
    uow: UnitOfWork, run: Run, said: Words, *, most: int, sent: dict[str, Any] | None = None
) -> None:
    """Do the actions of a run from its place on, `most` at most, and record where it stands then.

    It stops where the run waits or ends, and before a mail, which is sent while no transaction is open: `sent` is what
    came of the one that is first.
    """
    definition = stored(said)
    event = said_by(run.event, run.event_data)
    wake(uow, run)
    for _ in range(most):
        if run.status != RUNNING or run.position >= len(definition.actions):
            break
        action = definition.actions[run.position]
        result, sent = sent, None
        if result is None:
            at = await situation_of(
                uow, (run.rule_id, said.name), definition, (run.object_type, run.object_id), event
            )
            if is_gone(at):
                end(uow, run, STOPPED, reason=f"there is no such {run.object_type} any more")
                break
            if isinstance(action, SendEmail):
                break
            result = await perform(uow, action, plan(action, at), run, said.name)
        failpoint("crm", "automation", "performed")
        _progress(uow, run, action, result)
    await _leave(uow, run, definition)


async def _leave(uow: UnitOfWork, run: Run, definition: Definition) -> None:
    """Record where a run stands, and have it gone on with unless it has ended."""
    if run.status == RUNNING and run.position >= len(definition.actions):
        end(uow, run, COMPLETED)
    if run.status in OPEN:
        go_on(uow, run)
    await RunRepository(uow, run.rule_id).save(run)


def is_gone(at: Situation) -> bool:
    """Whether the thing that the run is about was removed."""
    return at.object_type in OBJECTS and at.object_id is not None and not at.facts.values.get(at.object_type)


def wake(uow: UnitOfWork, run: Run) -> None:
    """Note the end of the wait that the run comes from."""
    if run.status == WAITING:
        run.status = RUNNING
        RunRepository(uow, run.rule_id).end_wait(run)


def _progress(uow: UnitOfWork, run: Run, action: Any, result: dict[str, Any]) -> None:
    """Write what an action did, and move the run on."""
    waits = isinstance(action, Wait)
    stops = isinstance(action, StopIf) and result["stops"]
    status = "waiting" if waits else "stopped" if stops else "done"
    write_step(uow, run, action.type, status, result=result)
    if stops:
        end(uow, run, STOPPED, reason=f"stop_if at position {run.position} holds")
        return
    run.position, run.attempts, run.due_at = run.position + 1, 0, uow.now
    if waits:
        run.status, run.due_at = WAITING, until(result)


def end(
    uow: UnitOfWork,
    run: Run,
    status: str,
    *,
    reason: str | None = None,
    problem: dict[str, Any] | None = None,
) -> None:
    """Let a run end here."""
    run.status, run.reason, run.problem = status, reason, problem
    run.due_at, run.finished_at, run.event_data = None, uow.now, None


def write_step(
    uow: UnitOfWork,
    run: Run,
    action: str,
    status: str,
    *,
    result: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None,
) -> None:
    """Write what the action at the place of a run did."""
    RunRepository(uow, run.rule_id).add_step(
        unsaved(
            RunStep,
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
