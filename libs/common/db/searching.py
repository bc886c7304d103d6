"""Reads a page of the rows that contain a text: by looking at rows in order, by the search index, or by both at once.

Which way is short depends on how often the text occurs and where; it shows in the rows looked at first, and every way
gives the same rows. See docs/adr/0014-search-beside-isolation.md.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, any_, func, literal_column, null, select
from sqlalchemy.orm import aliased

from libs.common.db.keyset import Keyset, Stretch
from libs.common.db.search import search_is_trusted
from libs.common.filters import ListQuery

if TYPE_CHECKING:
    from libs.common.db.repository import Repository

M = TypeVar("M", bound=Any)

# A search looks at so many rows in order; where at least so many of them contain the text, at so many more.
NEAR = 600
OFTEN = 5
FAR = 12_000
# About so many rows in order are an index's answer beside that of the search index, first and at most.
FIRST_WINDOW = 16_000
WIDE_WINDOW = 128_000
LATE_WINDOWS = (512_000, 128_000)
# So many rows that contain a text are sorted at once; more where nothing else helps.
MANY = 1500
MANY_UNMEASURED = 5000

# Values between which a distance is known, so that it can be said where so many rows on is about.
_MEASURED = (datetime, date, int)
_QUARTERS: ColumnElement[Any] = literal_column("ARRAY[0, 0.25, 0.5, 0.75, 1]::float8[]")


@dataclass(frozen=True)
class Extent:
    """The values that order the first `NEAR` rows, of the first of them, of each quarter, and of the last."""

    values: tuple[Any, ...]

    @property
    def is_measured(self) -> bool:
        """Whether it can be said where rows further on lie."""
        return bool(self.values) and self.values[0] != self.values[-1]

    @property
    def _distance(self) -> Any:
        """How far apart so many rows lie; a gap among them, as before an import, does not count."""
        quarters = sorted((b - a for a, b in zip(self.values, self.values[1:], strict=False)), key=abs)
        return 4 * quarters[1] or self.values[-1] - self.values[0]

    def beyond(self, rows: int) -> Any:
        """About the value of the row so many rows on, as if all lay as close as these; None where none can be said."""
        if not self.is_measured:
            return None
        last, distance = self.values[-1], self._distance
        try:
            value = last + distance * (rows // NEAR)
        except OverflowError:
            ends = datetime if isinstance(last, datetime) else date
            value = ends.max if last > self.values[0] else ends.min
            return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        return max(-(2**63), min(value, 2**63 - 1)) if isinstance(value, int) else value


class SearchedStretch(Generic[M]):
    """The rows of a stretch of a list that contain the text searched for, in order."""

    def __init__(
        self, rows: "Repository[M]", statement: Select[M], keyset: Keyset, stretch: Stretch, query: ListQuery
    ) -> None:
        self.rows = rows
        self.model = rows.model
        self.statement = statement
        self.keyset = keyset
        self.stretch = stretch
        self.query = query
        self.matching = statement.where(*rows.matches(query))

    async def read(self, limit: int) -> list[M]:
        """The first of the rows, up to a limit."""
        found = await self._near(limit, NEAR)
        looked_far = OFTEN <= len(found) < limit
        if looked_far:
            found = await self._near(limit, FAR)
        if len(found) == limit:
            return found
        extent = await self._extent()
        if extent is None:
            return found
        if not self.rows.pieces(self.query, hidden=False) or not await search_is_trusted(
            self.rows.uow.context, self.rows.session
        ):
            return await self._all(self.matching.order_by(*self.keyset.order(self.stretch)).limit(limit))
        return await self._by_index(limit, extent, looked_far=looked_far)

    async def _by_index(self, limit: int, extent: Extent, *, looked_far: bool) -> list[M]:
        """The rows, where the first ones in order were not enough."""
        width = FIRST_WINDOW
        while width <= WIDE_WINDOW and (edge := extent.beyond(width)) is not None:
            found = await self._hits(limit, MANY, edge)
            if found is not None and len(found) == limit:
                return found
            if not found:
                break
            width *= 1 + 3 * limit // (2 * len(found))
        found = await self._hits(limit, MANY if extent.is_measured else MANY_UNMEASURED)
        if found is not None:
            return found
        # Frequent, but not among the rows looked at yet.
        for width in LATE_WINDOWS if extent.is_measured else ():
            found = await self._hits(limit, MANY, extent.beyond(width))
            if found is not None and len(found) == limit:
                return found
        if not extent.is_measured and not looked_far:
            found = await self._near(limit, FAR)
            if len(found) == limit:
                return found
        return await self._hits(limit) or []

    async def _extent(self) -> Extent | None:
        """Where the rows looked at first lie; None where there are no more rows."""
        measured = self.stretch.by_value and self.keyset.column.type.python_type in _MEASURED
        key = (self.keyset.column if measured else null()).label("key")
        looked_at = self.statement.with_only_columns(self.model.id, key).order_by(
            *self.keyset.order(self.stretch)
        )
        near = looked_at.limit(NEAR + 1).subquery()
        quarters = func.percentile_disc(_QUARTERS).within_group(near.c.key) if measured else null()
        number, values = (
            await self.rows.session.execute(select(func.count(), quarters).select_from(near))
        ).one()
        if number <= NEAR:
            return None
        ordered = tuple(values or ())
        return Extent(ordered[::-1] if self.keyset.descending else ordered)

    async def _hits(self, limit: int, most: int | None = None, edge: Any = None) -> list[M] | None:
        """The first of the rows that the search index gives, up to an edge; None where those are more than `most`.

        Up to an edge, the index of the order leaves rows out too: what few of both have is all that is read.
        """
        statement = self.matching.where(*self.rows.pieces(self.query, hidden=edge is not None))
        if edge is not None:
            column = self.keyset.column
            statement = statement.where(column >= edge if self.keyset.descending else column <= edge)
        keys = statement.with_only_columns(self.keyset.column.label("key"), self.model.id.label("id"))
        hits = keys.limit(None if most is None else most + 1).cte("hits")
        order = self.keyset.order(self.stretch, hits.c.key, hits.c.id)
        first = select(hits.c.id).order_by(*order).limit(limit)
        number = select(func.count()).select_from(hits).scalar_subquery()
        # By an array the planner knows that they are few.
        chosen = any_(func.array(first.scalar_subquery()))
        answer = self.rows.select().where(self.model.id == chosen).add_columns(number)
        rows = (await self.rows.session.execute(answer.order_by(*self.keyset.order(self.stretch)))).all()
        return None if rows and most is not None and rows[0][1] > most else [row[0] for row in rows]

    async def _near(self, limit: int, depth: int) -> list[M]:
        """Those among the first `depth` rows in order that contain the text, up to a limit."""
        near = self.statement.order_by(*self.keyset.order(self.stretch)).limit(depth).subquery("near")
        row = aliased(self.model, near)
        order = self.keyset.order(self.stretch, getattr(row, self.keyset.column.key), row.id)
        return await self._all(
            select(row).where(*self.rows.sought(self.query, row)).order_by(*order).limit(limit)
        )

    async def _all(self, statement: Any) -> list[M]:
        return list((await self.rows.session.execute(statement)).scalars())
