"""Many rows in one statement, given as one JSON parameter: the statement is the same whatever their number.

A multi-row VALUES would be compiled anew for each number of rows, and an executemany costs a round of the protocol a
row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

_ROWS = "rows"


def bulk_insert(model: Any, columns: Sequence[str]) -> Insert:
    """`INSERT INTO … SELECT` of the rows that `execute_bulk` gives, to which an `on_conflict_…` may be added.

    Rows go in by their primary key, so that two transactions with the same rows wait for each other in one order.
    """
    table: sa.Table = model.__table__
    given = (
        sa.func.jsonb_to_recordset(sa.cast(sa.bindparam(_ROWS, type_=sa.Text), JSONB))
        .table_valued(*(sa.column(name, table.c[name].type) for name in columns), name="given")
        .render_derived(with_types=True)
    )
    keys = [given.c[column.name] for column in table.primary_key if column.name in columns]
    rows = sa.select(*(given.c[name] for name in columns)).order_by(*keys)
    return insert(table).from_select(list(columns), rows, include_defaults=False)


async def execute_bulk(
    session: AsyncSession, statement: sa.Executable, rows: Iterable[Mapping[str, Any]]
) -> sa.Result[Any]:
    """Run a `bulk_insert`, which may return columns; values are what JSON, UUIDs and aware times can say, None is NULL."""
    given = orjson.dumps(list(rows)).decode()
    return await session.execute(statement, {_ROWS: given})
