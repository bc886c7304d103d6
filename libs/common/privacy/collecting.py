"""Hands out what a service knows of a person."""

from typing import Any

import sqlalchemy as sa

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.privacy.fields import INFRASTRUCTURE, Action, Kind, PrivacyMap, TableMap
from libs.common.privacy.people import Person, documents_naming, rows_about, tables_of, within

# Rows of one table that an export has at most.
MAX_ROWS = 5000


async def collect_person(
    uow: UnitOfWork, person: Person, metadata: sa.MetaData, privacy: PrivacyMap
) -> dict[str, list[dict[str, Any]]]:
    """What is known of a person, by table; secrets and the contents of files are left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, known in tables_of(metadata, privacy, person):
        if table.name in INFRASTRUCTURE:
            continue
        about = rows_about(table, known, person)
        if about is not None:
            shown = [
                column
                for column in table.columns
                if column.name in ("id", "tenant_id", "created_at") or _is_handed_out(column, known)
            ]
            if rows := await _read(uow, table, shown, about):
                found[str(table.name)] = rows
        for name in known.documents:
            # What is kept as proof is about those who acted.
            if known.fields[name].action is not Action.KEEP:
                naming = within(table, person, documents_naming(table.columns[name], person))
                if rows := await _read(uow, table, [table.columns[name]], naming):
                    found[f"{table.name}.{name}"] = rows
    return found


async def _read(
    uow: UnitOfWork, table: sa.Table, shown: list[sa.Column[Any]], about: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    statement = sa.select(*shown).where(about).order_by(*table.primary_key.columns).limit(MAX_ROWS)
    # Plain texts, where SQLAlchemy has names of a kind of its own.
    names = [str(column.name) for column in shown]
    return [dict(zip(names, row, strict=True)) for row in await uow.session.execute(statement)]


def _is_handed_out(column: sa.Column[Any], known: TableMap) -> bool:
    personal = known.fields.get(column.name)
    is_file = isinstance(column.type, sa.LargeBinary)
    return personal is not None and personal.kind is not Kind.SECRET and not is_file
