"""All SQL of runs and their steps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)

from libs.common.db.direct import Direct, Row, all_of, hydrated, insert_of, values_of
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.crm.automation.models import (
    CANCELLED,
    COMPLETED,
    FAILED,
    OPEN,
    SKIPPED,
    STOPPED,
    WAITING,
    Rule,
    RuleVersion,
    Run,
    RunStep,
)
from services.crm.automation.repository import SHARE, rule_of
from services.crm.locks import locking

_TENANT, _RULE = bindparam("tenant_id", type_=Uuid()), bindparam("rule_id", type_=Uuid())
_RUN = bindparam("run_id", type_=Uuid())
_OF_CAUSE = Direct(
    select(Run.id).where(
        Run.tenant_id == _TENANT, Run.rule_id == _RULE, Run.cause_id == bindparam("cause_id", type_=Uuid())
    )
)
_LATELY = Direct(
    select(func.count()).select_from(
        select(Run.id)
        .where(
            Run.tenant_id == _TENANT,
            Run.rule_id == _RULE,
            Run.object_id == bindparam("object_id", type_=Uuid()),
            Run.created_at > bindparam("since", type_=DateTime(timezone=True)),
            Run.status != SKIPPED,
            Run.status != STOPPED,
        )
        .limit(bindparam("most", type_=BigInteger()))
        .subquery()
    )
)
_TAKE = Direct(
    select(*Run.__table__.columns).where(Run.tenant_id == _TENANT, Run.id == _RUN).with_for_update()
)
_UNDERWAY = Direct(
    select(Run.status, Run.position, Run.attempts, *RuleVersion.__table__.columns)
    .join(
        RuleVersion,
        and_(
            RuleVersion.tenant_id == Run.tenant_id,
            RuleVersion.rule_id == Run.rule_id,
            RuleVersion.number == Run.rule_version,
        ),
    )
    .where(Run.tenant_id == _TENANT, Run.id == _RUN)
)
_ADD, _ADD_STEP = Direct(insert_of(Run)), Direct(insert_of(RunStep))
_WRITTEN = ("status", "reason", "problem", "event_data", "position", "attempts", "due_at", "finished_at")
_WRITE = Direct(
    update(Run)
    .where(Run.tenant_id == _TENANT, Run.id == _RUN)
    .values({name: bindparam(name, type_=Run.__table__.c[name].type) for name in _WRITTEN})
)
_END_WAIT = Direct(
    update(RunStep)
    .where(
        RunStep.tenant_id == _TENANT,
        RunStep.run_id == _RUN,
        RunStep.position == bindparam("position", type_=BigInteger()),
        RunStep.status == WAITING,
    )
    .values(status="done", finished_at=bindparam("now", type_=DateTime(timezone=True)))
)


class Claimed(NamedTuple):
    """What is known of a cause: whether it has its run, and how often the rule ran on the thing lately."""

    has_run: bool
    lately: int


class RunRepository(Repository[Run]):
    """Runs of one rule."""

    model = Run

    def __init__(self, uow: UnitOfWork, rule_id: UUID) -> None:
        super().__init__(uow)
        self.rule_id = rule_id

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the rule."""
        return [Run.rule_id == self.rule_id]

    @property
    def is_narrowed(self) -> bool:
        """It is one rule's."""
        return True

    async def claim(self, cause_id: UUID, object_id: UUID | None, since: datetime, most: int) -> Claimed:
        """Hold a cause, for which nobody else begins a run until the end of the transaction, and look what is known.

        Runs on the thing since a time are counted up to a number; those that did nothing do not count.
        """
        return _claimed(await all_of(self.uow, *self._claiming(cause_id, object_id, since, most)))

    async def claim_of_rule(
        self, cause_id: UUID, object_id: UUID | None, since: datetime, most: int
    ) -> tuple[Rule | None, Claimed]:
        """The same in one round trip with the rule, which does not change before the end of the transaction."""
        share = SHARE, {"tenant_id": self.uow.tenant_id, "rule_id": self.rule_id}
        rule, *rows = await all_of(self.uow, share, *self._claiming(cause_id, object_id, since, most))
        return rule_of(rule), _claimed(rows)

    def _claiming(
        self, cause_id: UUID, object_id: UUID | None, since: datetime, most: int
    ) -> tuple[tuple[Direct, Mapping[str, Any]], ...]:
        named = {"tenant_id": self.uow.tenant_id, "rule_id": self.rule_id}
        return (
            # The runs of a rule on a thing are counted one after another.
            locking("automation_runs", self.rule_id, object_id or cause_id),
            (_OF_CAUSE, {**named, "cause_id": cause_id}),
            (_LATELY, {**named, "object_id": object_id, "since": since, "most": most}),
        )

    async def add(self, row: Run) -> Run:
        """Insert a run with the next flush, as it is by then."""
        self.uow.write(_ADD, row)
        return row

    async def save(self, row: Run) -> Run:
        """Write where a run stands with the next flush. Its version is that of its rule, and stays."""
        if not self.uow.will_write(_ADD, row):
            self.uow.write(_WRITE, {"tenant_id": row.tenant_id, "run_id": row.id, **values_of(row, _WRITTEN)})
        return row

    def add_step(self, step: RunStep) -> None:
        """Insert what an action of a run did with the next flush."""
        self.uow.write(_ADD_STEP, step)

    def end_wait(self, run: Run) -> None:
        """Write with the next flush that the wait before the place of a run is over."""
        named = {"tenant_id": run.tenant_id, "run_id": run.id, "position": run.position - 1}
        self.uow.write(_END_WAIT, {**named, "now": self.uow.now})

    async def cancel_open(self, reason: str) -> int:
        """End those that are under way, and say how many that were."""
        statement = (
            update(Run)
            .where(Run.tenant_id == self.uow.tenant_id, Run.rule_id == self.rule_id, Run.status.in_(OPEN))
            .values(status=CANCELLED, reason=reason, finished_at=self.uow.now, due_at=None, event_data=None)
            .execution_options(synchronize_session=False)
        )
        result: Any = await self.session.execute(statement)
        return int(result.rowcount)

    async def last_ended(self, since: datetime, most: int) -> list[str]:
        """How the latest runs ended that did something, the last first."""
        statement = (
            self.select()
            .with_only_columns(Run.status)
            .where(
                Run.rule_id == self.rule_id,
                Run.finished_at >= since,
                Run.status.in_((COMPLETED, FAILED)),
            )
            .order_by(Run.finished_at.desc())
            .limit(most)
        )
        return list((await self.session.execute(statement)).scalars())

    async def steps(self, run_id: UUID) -> list[RunStep]:
        """What the actions of a run did, in order."""
        statement = (
            select(RunStep)
            .where(RunStep.tenant_id == self.uow.tenant_id, RunStep.run_id == run_id)
            .order_by(RunStep.position)
        )
        return list((await self.session.execute(statement)).scalars())


def _claimed(rows: list[list[Row]]) -> Claimed:
    _, known, [(lately,)] = rows
    return Claimed(bool(known), lately)


async def run_of(uow: UnitOfWork, run_id: UUID) -> Run | None:
    """A run of the tenant, whichever rule's, locked."""
    rows = await _TAKE.all(uow, tenant_id=uow.tenant_id, run_id=run_id)
    return next(iter(hydrated(Run, rows)), None)


async def underway(uow: UnitOfWork, run_id: UUID) -> tuple[tuple[str, int, int], RuleVersion] | None:
    """Where a run stands (status, position, attempts), and what its rule said when it began.

    Read in one round trip, in a transaction of its own.
    """
    rows = await _UNDERWAY.all_at_once(uow, tenant_id=uow.tenant_id, run_id=run_id)
    if not rows:
        return None
    [(status, position, attempts, *version)] = rows
    return (status, position, attempts), hydrated(RuleVersion, [tuple(version)])[0]


async def forget_runs(uow: UnitOfWork, before: datetime, most: int) -> int:
    """Remove runs that ended before a time, with their steps, at most so many; in the platform scope."""
    old = (
        select(Run.tenant_id, Run.id)
        .where(Run.finished_at.is_not(None), Run.finished_at < before)
        .order_by(Run.finished_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = [tuple(row) for row in (await uow.session.execute(old)).all()]
    if found:
        for model, key in ((RunStep, RunStep.run_id), (Run, Run.id)):
            statement = delete(model).where(tuple_(model.tenant_id, key).in_(found))
            await uow.session.execute(statement.execution_options(synchronize_session=False))
    return len(found)
