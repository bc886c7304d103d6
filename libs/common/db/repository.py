"""The repository base: reads and writes of one model, always within the tenant of the unit of work."""

from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.filters import ListQuery
from libs.common.pagination import CursorCodec

M = TypeVar("M", bound=Any)


class Repository(Generic[M]):
    """All SQL of one model. The tenant filter stands here; row-level security stands below it."""

    model: ClassVar[type[Any]]

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    def select(self) -> Select[M]:
        """The rows of this tenant (of all tenants in the platform scope), without the deleted ones."""
        statement = select(self.model)
        if not self.uow.is_platform:
            statement = statement.where(self.model.tenant_id == self.uow.tenant_id)
        if hasattr(self.model, "deleted_at"):
            statement = statement.where(self.model.deleted_at.is_(None))
        return statement

    async def get(self, row_id: UUID, *, lock: bool = False) -> M | None:
        """The row with this id, or None; `lock` takes it FOR UPDATE."""
        statement = self.select().where(self.model.id == row_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def find(self, *conditions: ColumnElement[bool], lock: bool = False) -> M | None:
        """The first row that meets the conditions, or None."""
        statement = self.select().where(*conditions).limit(1)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalars().first()

    async def find_all(self, *conditions: ColumnElement[bool], limit: int = 1000) -> list[M]:
        """The rows that meet the conditions, oldest first, up to a limit."""
        statement = self.select().where(*conditions).order_by(self.model.id).limit(limit)
        return list((await self.session.execute(statement)).scalars())

    async def add(self, row: M) -> M:
        """Insert a row and flush, so that its defaults are known and its constraints are checked."""
        if getattr(row, "tenant_id", None) is None:
            row.tenant_id = self.uow.tenant_id
        if hasattr(row, "created_at") and row.created_at is None:
            row.created_at = row.updated_at = self.uow.now
        self.session.add(row)
        await self.session.flush()
        return row

    async def save(self, row: M) -> M:
        """Flush the changes of a row, raising its version."""
        if hasattr(row, "version"):
            row.version += 1
            row.updated_at = self.uow.now
        await self.session.flush()
        return row

    async def delete(self, row: M) -> None:
        """Remove a row, or mark it deleted where its model keeps history."""
        if hasattr(row, "deleted_at"):
            row.deleted_at = self.uow.now
            await self.save(row)
        else:
            await self.session.delete(row)
            await self.session.flush()

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of a list query; override to add those of its custom fields."""
        return query.conditions(self.model)

    def visible(self) -> list[ColumnElement[bool]]:
        """Conditions that limit a list to what the actor may see; override for ownership scopes."""
        return []

    async def page(self, query: ListQuery) -> tuple[list[M], str | None]:
        """One keyset page and the cursor of the next; nulls sort last in either direction."""
        name, descending = query.order_column
        column = getattr(self.model, name)
        nullable = bool(column.property.columns[0].nullable)
        binding = f"{self.model.__table__.fullname}|{self.uow.actor.tenant_id}|{query.fingerprint()}"
        statement = self.select().where(*self.conditions(query), *self.visible())
        if query.cursor:
            value, last_id = self._codec.decode(binding, query.cursor)
            statement = statement.where(_after(column, self.model.id, value, last_id, descending, nullable))
        order = column.desc() if descending else column.asc()
        statement = statement.order_by(
            order.nulls_last() if nullable else order, self.model.id.desc() if descending else self.model.id
        ).limit(query.limit + 1)
        rows = list((await self.session.execute(statement)).scalars())
        if len(rows) <= query.limit:
            return rows, None
        rows = rows[: query.limit]
        return rows, self._codec.encode(binding, getattr(rows[-1], name), rows[-1].id)

    @property
    def _codec(self) -> CursorCodec:
        return self.uow.context.cursors


def _after(
    column: Any, id_column: Any, value: Any, last_id: UUID, descending: bool, nullable: bool
) -> ColumnElement[bool]:
    beyond_id = id_column < last_id if descending else id_column > last_id
    if value is None:
        return and_(column.is_(None), beyond_id)
    pair = tuple_(column, id_column)
    beyond = pair < (value, last_id) if descending else pair > (value, last_id)
    return or_(beyond, column.is_(None)) if nullable else beyond
