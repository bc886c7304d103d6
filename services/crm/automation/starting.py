"""The beginning of a run: one for each cause, where the conditions hold, and unless it goes round in circles."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from services.crm.automation import chain
from services.crm.automation.conditions import judge
from services.crm.automation.definition import Definition, stored
from services.crm.automation.figures import count_loop
from services.crm.automation.hearing import data_of
from services.crm.automation.models import RUNNING, SKIPPED, STOPPED, Rule, Run
from services.crm.automation.objects import OBJECTS, read_object
from services.crm.automation.planning import Situation
from services.crm.automation.run_repository import Claimed, RunRepository
from services.crm.automation.vocabulary import Facts, Vocabulary

ADVANCE = "advance_automation_run"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a rule runs. `story` is the correlation id of what led to it, `depth` how many runs did, this one included."""

    trigger_type: str
    id: UUID
    story: str
    depth: int = 1
    event: str | None = None
    data: dict[str, Any] | None = None
    object_type: str | None = None
    object_id: UUID | None = None
    started_by_id: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        """As the argument of a job."""
        return {name: str(one) if isinstance(one, UUID) else one for name, one in asdict(self).items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Cause":
        """The inverse of `to_json`."""
        ids = {name: UUID(raw[name]) for name in ("id", "object_id", "started_by_id") if raw.get(name)}
        return cls(**{**raw, **ids})


async def situation_of(
    uow: UnitOfWork,
    rule: tuple[UUID, str],
    definition: Definition,
    about: tuple[str | None, UUID | None],
    event: dict[str, Any] | None,
    *,
    found: Any = None,
) -> Situation:
    """What can be said now of a thing, by its type and id, and of what an event said (see `said_by`)."""
    object_type, object_id = about
    if found is None and object_type in OBJECTS and object_id is not None:
        found = await read_object(uow, object_type, object_id)
    words = definition.words
    if words.object_type is None and object_type in OBJECTS:
        words = Vocabulary.of(object_type, definition.event)
    facts = Facts.of(
        uow.now,
        rule={"id": rule[0], "name": rule[1]},
        object_type=object_type if object_type in OBJECTS else words.object_type,
        found=found,
        event=event,
    )
    return Situation(words, facts, object_type, object_id)


def said_by(event: str | None, data: dict[str, Any] | None) -> dict[str, Any] | None:
    """What an event said, where there was one."""
    return data_of(event, data) if event and data is not None else None


async def would_run(uow: UnitOfWork, rule: Rule, cause: Cause, *, found: Any = None) -> bool:
    """Whether the conditions of a rule hold now."""
    definition = stored(rule)
    if definition.conditions is None:
        return True
    at = await situation_of(
        uow,
        (rule.id, rule.name),
        definition,
        (cause.object_type, cause.object_id),
        said_by(cause.event, cause.data),
        found=found,
    )
    return judge(definition.conditions, at.words, at.facts).holds


async def start(uow: UnitOfWork, rule: Rule, cause: Cause, *, found: Any = None) -> Run | None:
    """Begin the run of a rule that does not change meanwhile, and have it gone on with."""
    claimed = await RunRepository(uow, rule.id).claim(*claim_of(uow, cause))
    run = await begin(uow, rule, cause, claimed, found=found)
    if run is not None and run.status == RUNNING:
        go_on(uow, run)
    return run


def claim_of(uow: UnitOfWork, cause: Cause) -> tuple[UUID, UUID | None, datetime, int]:
    """What it takes to hold a cause: its id, the thing it is about, and how often that may be acted on since when."""
    return cause.id, cause.object_id, uow.now - _HOUR, uow.context.settings.automation_runs_per_hour


async def begin(
    uow: UnitOfWork, rule: Rule, cause: Cause, claimed: Claimed, *, found: Any = None
) -> Run | None:
    """Begin the run of a rule that does not change meanwhile, for a cause that is held.

    None where the cause has its run, and where the conditions do not hold, unless somebody asked for the run: then it
    is one that was skipped.
    """
    if claimed.has_run:
        return None
    status, reason = RUNNING, None
    if not await would_run(uow, rule, cause, found=found):
        if cause.started_by_id is None:
            return None
        status, reason = SKIPPED, "the conditions do not hold"
    elif (reason := _circling(uow, cause, claimed)) is not None:
        status = STOPPED
        uow.after_commit(count_loop)
    now = uow.now
    run = await RunRepository(uow, rule.id).add(
        unsaved(
            Run,
            tenant_id=uow.tenant_id,
            id=new_id(),
            created_at=now,
            updated_at=now,
            rule_id=rule.id,
            rule_version=rule.version,
            # Nobody changes a run by its version, so what callers are shown as such is the rule's.
            version=rule.version,
            trigger_type=cause.trigger_type,
            cause_id=cause.id,
            event=cause.event,
            event_data=cause.data if status == RUNNING else None,
            object_type=cause.object_type,
            object_id=cause.object_id,
            started_by_id=cause.started_by_id,
            status=status,
            reason=reason,
            problem=None,
            depth=cause.depth,
            correlation_id=cause.story,
            position=0,
            attempts=0,
            due_at=now if status == RUNNING else None,
            finished_at=None if status == RUNNING else now,
        )
    )
    uow.correlation_id = chain.write(run.correlation_id or str(run.id), run.depth)
    about = {"object_type": run.object_type, "object_id": str(run.object_id) if run.object_id else None}
    uow.audit(
        "started" if status == RUNNING else status,
        "automation_run",
        run.id,
        after={"rule_id": str(rule.id), "rule_version": rule.version, "reason": reason, **about},
    )
    return run


def go_on(uow: UnitOfWork, run: Run) -> None:
    """Have the next action of a run done, when it is due."""
    uow.defer(
        ADVANCE,
        run_at=run.due_at,
        key=f"{run.id}:{run.position}:{run.attempts}",
        run_id=str(run.id),
        position=run.position,
        attempts=run.attempts,
    )


def _circling(uow: UnitOfWork, cause: Cause, claimed: Claimed) -> str | None:
    """Why a run would be one too many; None where it is not."""
    settings = uow.context.settings
    most: int = settings.automation_max_depth
    if cause.depth > most:
        return f"loop guard: {most} runs have led to each other already"
    hourly: int = settings.automation_runs_per_hour
    if claimed.lately >= hourly:
        return f"loop guard: the rule has run {hourly} times on this within an hour"
    return None
