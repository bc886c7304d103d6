"""The repository base: reads and writes of one model, always within the tenant of the unit of work."""

from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.keyset import Keyset, Stretch
from libs.common.db.search import indexed
from libs.common.db.searching import SearchedStretch
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.filters import ListQuery
from libs.common.pagination import CursorCodec

M = TypeVar("M", bound=Any)

# Pages are of rows lately used, so that an index costs what it reads and no distance on a disk.
PLAN_FOR_THESE_VALUES = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('random_page_cost', '1.1', true)"
)


class Repository(Generic[M]):
    """All SQL of one model. The tenant filter stands here; row-level security stands below it."""

    model: ClassVar[type[Any]]

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work."""
        return self.uow.session

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
            self.uow.raise_version(row)
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

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor may see few of the rows only; override with ownership scopes."""
        return False

    @property
    def searched_owner(self) -> UUID | None:
        """Whose rows a search looks at; override where the search index is by another column than the tenant's."""
        return None if self.uow.is_platform else self.uow.tenant_id

    def sought(self, query: ListQuery, row: Any) -> list[ColumnElement[bool]]:
        """The conditions on a row that no index of an order can answer: that it contains the text searched for."""
        found = query.search(row)
        return [] if found is None else [found]

    def matches(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """What is sought, of the model's own rows."""
        return self.sought(query, self.model)

    def pieces(self, query: ListQuery, *, hidden: bool) -> list[ColumnElement[bool]]:
        """What the search indexes know of the rows sought; nothing where there are none. See `search.indexed`."""
        if not query.q:
            return []
        found = indexed(self.model, query.q, self.searched_owner, hidden=hidden)
        return [] if found is None else [or_(found, *query.names(self.model))]

    def split(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """Conditions of which a row meets one alone and an index answers each: of a filter that takes several values."""
        column, values = query.split(self.model) or (None, [])
        return [column == value for value in values]

    async def page(self, query: ListQuery) -> tuple[list[M], str | None]:
        """One keyset page and the cursor of the next; nulls sort last in either direction."""
        name, descending = query.order_column
        keyset = Keyset(getattr(self.model, name), self.model.id, descending)
        binding = f"{self.model.__table__.fullname}|{self.uow.actor.tenant_id}|{query.fingerprint()}"
        after = self._codec.decode(binding, query.cursor) if query.cursor else None
        conditions = self.conditions(query)
        if self.is_narrowed or not query.is_plain:
            # Which index is best depends on the values, so a plan for any values will not do.
            await self.session.execute(PLAN_FOR_THESE_VALUES)
        statement = self.select().where(*conditions, *self.visible())
        rows: list[M] = []
        for stretch in keyset.stretches(after):
            if len(rows) <= query.limit:
                rows += await self._read(statement, keyset, stretch, query, query.limit + 1 - len(rows))
        if len(rows) <= query.limit:
            return rows, None
        rows = rows[: query.limit]
        return rows, self._codec.encode(binding, getattr(rows[-1], name), rows[-1].id)

    async def _read(
        self, statement: Select[M], keyset: Keyset, stretch: Stretch, query: ListQuery, limit: int
    ) -> list[M]:
        statement = statement.where(*stretch.conditions)
        order = keyset.order(stretch)
        if not self.matches(query):
            if several := self.split(query):
                statement = self._merged(statement, keyset, stretch, several, limit)
            return await self._rows(statement.order_by(*order).limit(limit))

        return await SearchedStretch(self, statement, keyset, stretch, query).read(limit)

    async def _rows(self, statement: Any) -> list[M]:
        return list((await self.session.execute(statement)).scalars())

    def _merged(
        self,
        statement: Select[M],
        keyset: Keyset,
        stretch: Stretch,
        several: list[ColumnElement[bool]],
        limit: int,
    ) -> Select[M]:
        """The first rows over several values of a filter: the first ones of each value, merged.

        An index holds the rows of one value in order, not those of several.
        """
        keys = statement.with_only_columns(keyset.column.label("key"), self.model.id.label("id"))
        order = keyset.order(stretch)
        firsts = [keys.where(condition).order_by(*order).limit(limit).subquery() for condition in several]
        merged = union_all(*(select(first) for first in firsts)).subquery()
        order = keyset.order(stretch, merged.c.key, merged.c.id)
        return self.select().where(self.model.id.in_(select(merged.c.id).order_by(*order).limit(limit)))

    @property
    def _codec(self) -> CursorCodec:
        return self.uow.context.cursors
