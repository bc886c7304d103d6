"""All SQL of automation."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.crm.automation.models import (
    CANCELLED,
    COMPLETED,
    FAILED,
    OPEN,
    SKIPPED,
    Rule,
    RuleVersion,
    Run,
    RunStep,
)


class RuleRepository(Repository[Rule]):
    """Rules of one tenant."""

    model = Rule

    async def shared(self, rule_id: UUID) -> Rule | None:
        """A rule that does not change before the end of the transaction; others may look at it meanwhile."""
        statement = self.select().where(Rule.id == rule_id).with_for_update(read=True)
        statement = statement.execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def count(self, most: int) -> int:
        """How many rules there are, counted up to a number."""
        found = self.select().with_only_columns(Rule.id).limit(most).subquery()
        return int(await self.session.scalar(select(func.count()).select_from(found)) or 0)


async def hearing(uow: UnitOfWork, heard: Collection[tuple[UUID, str]]) -> list[Any]:
    """The enabled rules (tenant, id, event, kind of object, since when) that hear these events of these businesses."""
    statement = select(Rule.tenant_id, Rule.id, Rule.event, Rule.object_type, Rule.enabled_at).where(
        tuple_(Rule.tenant_id, Rule.event).in_(list(heard)),
        Rule.event.is_not(None),
        Rule.enabled,
        Rule.deleted_at.is_(None),
    )
    return list((await uow.session.execute(statement)).all())


class VersionRepository(Repository[RuleVersion]):
    """Versions of one rule."""

    model = RuleVersion

    def __init__(self, uow: UnitOfWork, rule_id: UUID) -> None:
        super().__init__(uow)
        self.rule_id = rule_id

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the rule."""
        return [RuleVersion.rule_id == self.rule_id]

    @property
    def is_narrowed(self) -> bool:
        """It is one rule's."""
        return True

    async def numbered(self, number: int) -> RuleVersion:
        """What the rule said at a version."""
        found = await self.find(RuleVersion.rule_id == self.rule_id, RuleVersion.number == number)
        assert found is not None, "a run is of a version that there is"
        return found


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

    async def of_cause(self, cause_id: UUID) -> Run | None:
        """The run of an event, a time or a request."""
        return await self.find(Run.rule_id == self.rule_id, Run.cause_id == cause_id)

    async def count_since(self, object_id: UUID, since: datetime, most: int) -> int:
        """How many runs on a thing began since a time, counted up to a number; those that did nothing do not count."""
        found = (
            self.select()
            .with_only_columns(Run.id)
            .where(
                Run.rule_id == self.rule_id,
                Run.object_id == object_id,
                Run.created_at > since,
                Run.status.not_in((SKIPPED, "stopped")),
            )
            .limit(most)
            .subquery()
        )
        return int(await self.session.scalar(select(func.count()).select_from(found)) or 0)

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

    async def step(self, run_id: UUID, position: int) -> RunStep | None:
        """What one action of a run did."""
        statement = select(RunStep).where(
            RunStep.tenant_id == self.uow.tenant_id, RunStep.run_id == run_id, RunStep.position == position
        )
        return (await self.session.execute(statement)).scalar_one_or_none()


async def run_of(uow: UnitOfWork, run_id: UUID, *, lock: bool = False) -> Run | None:
    """A run of the tenant, whichever rule's; `lock` takes it FOR UPDATE."""
    statement = select(Run).where(Run.tenant_id == uow.tenant_id, Run.id == run_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await uow.session.execute(statement)).scalar_one_or_none()


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
