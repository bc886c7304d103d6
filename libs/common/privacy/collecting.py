"""Hands out what a service knows of a person, a bounded step at a time, so that nothing has to be left out."""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import sqlalchemy as sa

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.privacy.fields import INFRASTRUCTURE, Action, Kind, PrivacyMap, TableMap
from libs.common.privacy.people import Person, documents_naming, names, rows_about, tables_of, within
from libs.common.privacy.places import Place, keys_of, later, places_from

# Rows that a step hands out, and rows whose documents it reads, at most.
HANDED_OUT, READ = 500, 5000


@dataclass(slots=True)
class Part:
    """What one step has found: rows by table, and by `<table>.<column>` where a document names the person.

    `next` is where the next step begins, with more rows of the last table here or with another; None at the end.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rows: int = 0
    next: Place | None = None


async def collect_some(
    uow: UnitOfWork,
    person: Person,
    metadata: sa.MetaData,
    privacy: PrivacyMap,
    place: Place | None,
    *,
    room: int = HANDED_OUT,
    read: int = READ,
) -> Part:
    """Take one step: tables in their order, rows in that of their keys; secrets and contents of files are left out.

    `room` is how many rows it may hand out, `read` of how many it may look into the documents.
    """
    known = {
        str(table.name): (table, _shown(of))
        for table, of in tables_of(metadata, privacy, person)
        if table.name not in INFRASTRUCTURE
    }
    part = Part()
    for at in places_from(known.values(), place):
        table, of = known[at.table]
        most = read if at.is_documents else room
        step = _read_documents if at.is_documents else _read_rows
        last, count = await step(uow, person, table, of, at.after, most, part)
        if count == most:
            part.next = at.model_copy(update={"after": last})
            break
        room -= 0 if at.is_documents else count
    part.rows = sum(len(rows) for rows in part.tables.values())
    return part


async def _read_rows(
    uow: UnitOfWork,
    person: Person,
    table: sa.Table,
    known: TableMap,
    after: list[str] | None,
    most: int,
    part: Part,
) -> tuple[list[str] | None, int]:
    """Rows that are about the person; the keys of the last one, and how many there are."""
    about = rows_about(table, known, person)
    if about is None:
        return None, 0
    shown = [
        column
        for column in table.columns
        if column.name in ("id", "tenant_id", "created_at") or _is_handed_out(column, known)
    ]
    keys = list(table.primary_key.columns)
    statement = sa.select(*keys, *shown).where(about, later(table, after)).order_by(*keys).limit(most)
    rows = (await uow.session.execute(statement)).all()
    # Plain texts, where SQLAlchemy has names of a kind of its own.
    columns = [str(column.name) for column in shown]
    if rows:
        found = [dict(zip(columns, row[len(keys) :], strict=True)) for row in rows]
        part.tables.setdefault(str(table.name), []).extend(found)
    return (keys_of(table, rows[-1]) if rows else None), len(rows)


async def _read_documents(
    uow: UnitOfWork,
    person: Person,
    table: sa.Table,
    known: TableMap,
    after: list[str] | None,
    most: int,
    part: Part,
) -> tuple[list[str] | None, int]:
    """Documents that name the person; the keys of the last row that was read, and how many were."""
    keys = list(table.primary_key.columns)
    columns = [table.columns[name] for name in known.documents]
    naming = [sa.case((documents_naming(c, person), c), else_=sa.null()) for c in columns]
    statement = sa.select(*keys, *naming).where(within(table, person, later(table, after)))
    rows = (await uow.session.execute(statement.order_by(*keys).limit(most))).all()
    for row in rows:
        for column, document in zip(columns, row[len(keys) :], strict=True):
            if document is not None and names(document, person):
                name = str(column.name)
                part.tables.setdefault(f"{table.name}.{name}", []).append({name: document})
    return (keys_of(table, rows[-1]) if rows else None), len(rows)


def _shown(known: TableMap) -> TableMap:
    """The map without the documents that are kept as proof: they are about those who acted."""
    documents = tuple(n for n in known.documents if known.fields[n].action is not Action.KEEP)
    return replace(known, documents=documents)


def _is_handed_out(column: sa.Column[Any], known: TableMap) -> bool:
    personal = known.fields.get(column.name)
    is_file = isinstance(column.type, sa.LargeBinary)
    return personal is not None and personal.kind is not Kind.SECRET and not is_file


def written(part: Part) -> bytes:
    """A part as JSON: what JSON has no form for is written as text, and bytes not at all."""
    whole = {
        "tables": part.tables,
        "rows": part.rows,
        "next": None if part.next is None else part.next.model_dump(),
    }
    return orjson.dumps(whole, default=_plain)


def _plain(value: Any) -> str:
    return "***" if isinstance(value, bytes) else str(value)
