"""All SQL of rules and their versions."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, Row, hydrated
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.crm.automation.models import Rule, RuleVersion

_ONE_RULE = select(*Rule.__table__.columns).where(
    Rule.tenant_id == bindparam("tenant_id", type_=Uuid()),
    Rule.id == bindparam("rule_id", type_=Uuid()),
    Rule.deleted_at.is_(None),
)
_LOOK, SHARE = Direct(_ONE_RULE), Direct(_ONE_RULE.with_for_update(read=True))
_HEARD = (
    func.unnest(bindparam("tenants", type_=ARRAY(Uuid())), bindparam("events", type_=ARRAY(Text())))
    .table_valued(column("tenant_id", Uuid), column("event", Text), name="heard")
    .render_derived()
)
_HEARING = Direct(
    select(Rule.tenant_id, Rule.id, Rule.event, Rule.object_type, Rule.enabled_at).where(
        Rule.tenant_id == _HEARD.c.tenant_id,
        Rule.event == _HEARD.c.event,
        Rule.event.is_not(None),
        Rule.enabled,
        Rule.deleted_at.is_(None),
    )
)


class RuleRepository(Repository[Rule]):
    """Rules of one tenant."""

    model = Rule

    async def look(self, rule_id: UUID) -> Rule | None:
        """A rule as it is now, read in one round trip in a transaction of its own."""
        return rule_of(await _LOOK.all_at_once(self.uow, tenant_id=self.uow.tenant_id, rule_id=rule_id))

    async def shared(self, rule_id: UUID) -> Rule | None:
        """A rule that does not change before the end of the transaction; others may look at it meanwhile."""
        return rule_of(await SHARE.all(self.uow, tenant_id=self.uow.tenant_id, rule_id=rule_id))

    async def count(self, most: int) -> int:
        """How many rules there are, counted up to a number."""
        found = self.select().with_only_columns(Rule.id).limit(most).subquery()
        return int(await self.session.scalar(select(func.count()).select_from(found)) or 0)


def rule_of(rows: list[Row]) -> Rule | None:
    """The rule in what one of these statements found."""
    return next(iter(hydrated(Rule, rows)), None)


async def hearing(uow: UnitOfWork, heard: Collection[tuple[UUID, str]]) -> list[Row]:
    """The enabled rules (tenant, id, event, kind of object, since when) that hear these events of these businesses."""
    tenants, events = [tenant for tenant, _ in heard], [event for _, event in heard]
    return await _HEARING.all(uow, tenants=tenants, events=events)


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
