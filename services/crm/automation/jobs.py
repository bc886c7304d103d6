"""The work of rules: beginning runs, doing their actions one by one, keeping time, and clearing up."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Select, select, update

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from libs.common.jobs.queue import job_insert, job_row
from libs.contracts.crm import RuleDisabled
from services.crm.automation.advancing import JUDGE, Changed, Turn, advance, start_and_act
from services.crm.automation.handlers import START
from services.crm.automation.models import FAILED, OPEN, Rule, Run
from services.crm.automation.objects import OBJECTS, shown
from services.crm.automation.repository import RuleRepository
from services.crm.automation.rights import standing_of
from services.crm.automation.run_repository import RunRepository, forget_runs
from services.crm.automation.schedules import Schedule, next_time
from services.crm.automation.service import RuleService
from services.crm.automation.starting import ADVANCE, Cause, start, would_run

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

TIMED = "run_scheduled_rule"
_RULES, _OBJECTS, _FORGOTTEN, _STUCK = 100, 100, 500, 100
_STUCK_AFTER = timedelta(minutes=10)


async def start_run(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Begin the run of a rule for an event, where its conditions hold and the business may have rules, and let it act."""
    rule_id, cause = UUID(args["rule_id"]), Cause.from_json(args["cause"])
    owner_id = await _owner(uow, rule_id, cause)
    if owner_id is None:
        return
    standing = await standing_of(uow.context, uow.tenant_id, owner_id)
    if standing.rests is None:
        await start_and_act(uow, rule_id, owner_id, cause, standing)


async def advance_run(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Do the next actions of a run."""
    await advance(uow, Turn(UUID(args["run_id"]), args["position"], args["attempts"]))


async def run_scheduled(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Begin the runs of a rule whose time has come: one, or one for each thing, some things at a time."""
    rule_id = UUID(args["rule_id"])
    owner_id = await _owner(uow, rule_id, None)
    if owner_id is None or not await _may_run(uow, owner_id):
        return
    rule = await _unchanged(uow, rule_id, owner_id)
    if rule is None:
        return
    if rule.object_type is None:
        await start(uow, rule, _timed(rule, args["at"], None))
        return
    kind = OBJECTS[rule.object_type]
    rows = kind.repository(uow)
    model = rows.model
    after = [model.id > UUID(args["after"])] if args.get("after") else []
    found = await rows.find_all(*after, limit=_OBJECTS)
    for row in found:
        cause = _timed(rule, args["at"], row.id)
        await start(uow, rule, cause, found=shown(rule.object_type, row))
    if len(found) == _OBJECTS:
        last = str(found[-1].id)
        uow.defer(TIMED, key=f"{rule_id}:{args['at']}:{last}", **{**args, "after": last})


async def judge_rule(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Disable a rule when so many of its runs in a row have failed, and tell its owner."""
    rule = await RuleRepository(uow).get(UUID(args["rule_id"]), lock=True)
    if rule is None or rule.enabled_at is None:
        return
    most = uow.context.settings.automation_failures_in_a_row
    ended = await RunRepository(uow, rule.id).last_ended(rule.enabled_at, most)
    if len(ended) < most or set(ended) != {FAILED}:
        return
    reason = f"the last {most} runs failed"
    await RuleService(uow).disable(rule, reason)
    uow.emit(RuleDisabled(rule_id=rule.id, rule_name=rule.name, owner_id=rule.owner_id, reason=reason))


def due_rules(context: "ServiceContext", now: ColumnElement[datetime]) -> Select[Any]:
    """Rules whose time has come."""
    return select(Rule.id).where(Rule.enabled, Rule.deleted_at.is_(None), Rule.next_run_at <= now)


async def start_scheduled(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have the rules run whose time has come, and note when that is again; what was missed comes once."""
    statement = (
        select(Rule.tenant_id, Rule.id, Rule.next_run_at, Rule.trigger)
        .where(Rule.enabled, Rule.deleted_at.is_(None), Rule.next_run_at <= uow.now)
        .order_by(Rule.next_run_at)
        .limit(_RULES)
        .with_for_update(skip_locked=True)
    )
    table = uow.context.models.job.__table__
    for rule in (await uow.session.execute(statement)).all():
        at = rule.next_run_at.isoformat()
        job = {"rule_id": str(rule.id), "at": at}
        row = job_row(TIMED, job, tenant_id=rule.tenant_id, run_at=uow.now, key=f"{rule.id}:{at}:")
        uow.write(job_insert(table), row)
        following = next_time(Schedule.model_validate(rule.trigger["schedule"]), uow.now)
        # No change of the rule, so no version of it.
        change = update(Rule).where(Rule.tenant_id == rule.tenant_id, Rule.id == rule.id)
        await uow.session.execute(
            change.values(next_run_at=following).execution_options(synchronize_session=False)
        )


def stuck_runs(context: "ServiceContext", now: ColumnElement[datetime]) -> Select[Any]:
    """Runs that nobody has gone on with for long."""
    return select(Run.id).where(Run.status.in_(OPEN), Run.due_at <= now - _STUCK_AFTER)


async def rescue_runs(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have runs gone on with whose job was given up: identity or the database was away for long."""
    statement = (
        select(Run)
        .where(Run.status.in_(OPEN), Run.due_at <= uow.now - _STUCK_AFTER)
        .order_by(Run.due_at)
        .limit(_STUCK)
        .with_for_update(skip_locked=True)
    )
    table = uow.context.models.job.__table__
    for run in (await uow.session.execute(statement)).scalars():
        job = {"run_id": str(run.id), "position": run.position, "attempts": run.attempts}
        key = f"{run.id}:{run.position}:{run.attempts}"
        row = job_row(ADVANCE, job, tenant_id=run.tenant_id, run_at=uow.now, key=key)
        uow.write(job_insert(table), row)
        run.due_at = uow.now


async def forget(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove runs that ended long ago, some at a time."""
    kept = timedelta(days=uow.context.settings.automation_history_days)
    await forget_runs(uow, uow.now - kept, _FORGOTTEN)


async def _owner(uow: UnitOfWork, rule_id: UUID, cause: Cause | None) -> UUID | None:
    """Whose rule it is, where it would run; None where it would not. No transaction is open afterwards."""
    rule = await RuleRepository(uow).look(rule_id)
    if rule is None or not rule.enabled:
        return None
    async with uow.context.unit_of_work(tenant_id=uow.tenant_id) as reading:
        if cause is not None and not await would_run(reading, rule, cause):
            return None
    return rule.owner_id


async def _may_run(uow: UnitOfWork, owner_id: UUID) -> bool:
    return (await standing_of(uow.context, uow.tenant_id, owner_id)).rests is None


async def _unchanged(uow: UnitOfWork, rule_id: UUID, owner_id: UUID) -> Rule | None:
    rule = await RuleRepository(uow).shared(rule_id)
    if rule is None or not rule.enabled:
        return None
    if rule.owner_id != owner_id:
        raise Changed
    return rule


def _timed(rule: Rule, at: str, object_id: UUID | None) -> Cause:
    cause_id = uuid5(rule.id, f"{at}/{object_id or ''}")
    return Cause(
        trigger_type="schedule",
        id=cause_id,
        story=str(cause_id),
        object_type=rule.object_type,
        object_id=object_id,
    )


JOBS = (
    Job(START, start_run),
    Job(ADVANCE, advance_run),
    Job(TIMED, run_scheduled),
    Job(JUDGE, judge_rule),
    Job("start_scheduled_rules", start_scheduled, every=5, finds=due_rules),
    Job("rescue_automation_runs", rescue_runs, every=60, finds=stuck_runs),
    Job("forget_automation_runs", forget, every=60),
)
