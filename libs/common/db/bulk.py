"""Many rows in one statement, given as one JSON parameter: the statement is the same whatever their number.

A multi-row VALUES would be compiled anew for each number of rows, and an executemany costs a round of the protocol a
row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert

from libs.common.db.direct import Direct

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork

_ROWS = "rows"


def bulk_insert(model: Any, columns: Sequence[str]) -> Insert:
    """`INSERT INTO … SELECT` of the rows that `execute_bulk` gives, to which `on_conflict_…` and more may be added.

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


async def execute_bulk(uow: "UnitOfWork", statement: Direct, rows: Iterable[Mapping[str, Any]]) -> None:
    """Run a `bulk_insert`; values are what JSON, UUIDs and aware times can say, None is NULL."""
    await statement.run(uow, **_given(rows))


def bulk_values(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The values of such a statement, for `uow.write`: it goes out with the commit then."""
    return _given(rows)


def _given(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {_ROWS: orjson.dumps(list(rows)).decode()}
