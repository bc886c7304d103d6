"""All SQL of stage changes."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from libs.common.db.repository import Repository
from libs.common.db.search import contains
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.filters import ListQuery
from services.crm.stage_changes.models import StageChange
from services.crm.stages.models import Stage


class StageChangeRepository(Repository[StageChange]):
    """The stage changes of one deal."""

    model = StageChange

    def __init__(self, uow: UnitOfWork, deal_id: UUID) -> None:
        super().__init__(uow)
        self.deal_id = deal_id

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the deal."""
        return [StageChange.deal_id == self.deal_id]

    def sought(self, query: ListQuery, row: Any) -> list[ColumnElement[bool]]:
        """That one of its stages is called so; looked up row by row, for a deal has few."""
        if not query.q:
            return []
        names = [
            select(Stage.name).where(Stage.tenant_id == row.tenant_id, Stage.id == stage_id).scalar_subquery()
            for stage_id in (row.from_stage_id, row.to_stage_id)
        ]
        return [contains(names, query.q)]

    async def last(self) -> StageChange | None:
        """The last step."""
        statement: Any = self.select().where(*self.visible()).order_by(StageChange.id.desc()).limit(1)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def seconds_by_stage(self) -> list[tuple[UUID, str, int]]:
        """The stages that the deal left, with the seconds it stood there in all, in the order it first left them."""
        statement = (
            select(Stage.id, Stage.name, func.sum(StageChange.seconds_in_stage))
            .join(
                Stage,
                (Stage.tenant_id == StageChange.tenant_id) & (Stage.id == StageChange.from_stage_id),
            )
            .where(StageChange.tenant_id == self.uow.tenant_id, *self.visible())
            .group_by(Stage.id, Stage.name)
            .order_by(func.min(StageChange.at), Stage.id)
        )
        return [
            (i, name, int(seconds or 0)) for i, name, seconds in (await self.session.execute(statement)).all()
        ]
