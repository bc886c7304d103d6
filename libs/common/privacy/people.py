"""Finds what a service knows of a person, hands it out, and erases it as its map says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.privacy.fields import INFRASTRUCTURE, Action, Kind, Personal, PrivacyMap, TableMap

# Rows of one table that an export has at most.
MAX_ROWS = 5000
_BATCH = 500
_ERASED = "Erased"
# What else of a JSON object is about the person whom it names.
_BESIDE = frozenset(
    {
        "actor_name",
        "address",
        "author_name",
        "billing_address",
        "customer_name",
        "first_name",
        "full_name",
        "last_name",
        "name",
        "phone",
        "recipient",
        "shipping_address",
        "user_name",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a request is about.

    Attributes:
        request_id: of the request; the pseudonym is made from it, so that nothing leads back.
        user_id: the account, for a person on the whole platform.
        email: the address.
        tenant_id: the one business in which a customer is meant; None for a person on the whole platform.
    """

    request_id: UUID
    user_id: UUID | None
    email: str | None
    tenant_id: UUID | None = None

    @property
    def pseudonym(self) -> str:
        """The address that stands for nobody."""
        return f"erased-{self.request_id.hex}@erased.invalid"


@dataclass(slots=True)
class Receipt:
    """What a service did: how many values it erased, pseudonymised and kept, those kept by table, column and reason."""

    erased: int = 0
    pseudonymised: int = 0
    kept: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)


async def enter(uow: UnitOfWork, person: Person) -> None:
    """Reach the rows of the business meant, or of all."""
    if person.tenant_id is not None:
        await uow.enter_tenant(person.tenant_id)
    else:
        await uow.enter_platform()


async def erase_person(
    uow: UnitOfWork, person: Person, metadata: sa.MetaData, privacy: PrivacyMap
) -> Receipt:
    """Erase what is known of a person, in the running transaction. Done again, it finds what is kept only."""
    receipt = Receipt()
    for table, known, about in _tables(person, metadata, privacy):
        await _note_kept(uow, table, known, about, receipt)
        if known.deletes:
            gone = await uow.session.execute(sa.delete(table).where(about))
            receipt.erased += _number(gone)
        else:
            await _overwrite(uow, table, known, about, person, receipt)
    for table, known in _of(metadata, privacy, person):
        for column in known.documents:
            receipt.pseudonymised += await _scrub_documents(uow, table, column, person)
    return receipt


async def collect_person(
    uow: UnitOfWork, person: Person, metadata: sa.MetaData, privacy: PrivacyMap
) -> dict[str, list[dict[str, Any]]]:
    """What is known of a person, by table; secrets and the contents of files are left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, known, about in _tables(person, metadata, privacy):
        shown = [
            column
            for column in table.columns
            if column.name in ("id", "tenant_id", "created_at") or _is_handed_out(column, known)
        ]
        statement = sa.select(*shown).where(about).order_by(*table.primary_key.columns).limit(MAX_ROWS)
        # Plain texts, where SQLAlchemy has names of a kind of its own.
        names = [str(column.name) for column in shown]
        rows = [dict(zip(names, row, strict=True)) for row in await uow.session.execute(statement)]
        if rows:
            found[str(table.name)] = rows
    for table, known in _of(metadata, privacy, person):
        for column in known.documents:
            documents: list[dict[str, Any]] = []
            async for _, document in _documents(uow, table, column, person):
                documents.append({column: document})
                if len(documents) == MAX_ROWS:
                    break
            if documents:
                found[f"{table.name}.{column}"] = documents
    return found


def _is_handed_out(column: sa.Column[Any], known: TableMap) -> bool:
    personal = known.fields.get(column.name)
    is_file = isinstance(column.type, sa.LargeBinary)
    return personal is not None and personal.kind is not Kind.SECRET and not is_file


def _of(metadata: sa.MetaData, privacy: PrivacyMap, person: Person) -> Iterator[tuple[sa.Table, TableMap]]:
    for table in metadata.sorted_tables:
        known = privacy.get(table.name)
        if known is None or table.name in INFRASTRUCTURE:
            continue
        if person.tenant_id is not None and (known.of_account or "tenant_id" not in table.columns):
            continue
        yield table, known


def _tables(
    person: Person, metadata: sa.MetaData, privacy: PrivacyMap
) -> Iterator[tuple[sa.Table, TableMap, sa.ColumnElement[bool]]]:
    """The tables that may know the person, children first, each with the condition of the rows about them."""
    for table, known in reversed(list(_of(metadata, privacy, person))):
        ways: list[sa.ColumnElement[bool]] = []
        if person.user_id is not None:
            ways += [table.columns[name] == person.user_id for name in known.user]
        if person.email is not None:
            ways += [sa.func.lower(table.columns[name]) == person.email.lower() for name in known.email]
        if not ways:
            continue
        about = sa.or_(*ways)
        if person.tenant_id is not None:
            about = sa.and_(table.columns["tenant_id"] == person.tenant_id, about)
        yield table, known, about


async def _note_kept(
    uow: UnitOfWork, table: sa.Table, known: TableMap, about: sa.ColumnElement[bool], receipt: Receipt
) -> None:
    kept = [(name, p) for name, p in known.fields.items() if p.action is Action.KEEP]
    if not kept or known.deletes:
        return
    counts = [sa.func.count(table.columns[name]) for name, _ in kept]
    row = (await uow.session.execute(sa.select(*counts).where(about))).one()
    for (name, personal), count in zip(kept, row, strict=True):
        if count:
            receipt.kept += count
            receipt.reasons.append(
                {"table": str(table.name), "column": str(name), "count": count, "reason": personal.reason}
            )


async def _overwrite(
    uow: UnitOfWork,
    table: sa.Table,
    known: TableMap,
    about: sa.ColumnElement[bool],
    person: Person,
    receipt: Receipt,
) -> None:
    new = {
        name: _new(table.columns[name], name, personal, known, person)
        for name, personal in known.fields.items()
        if personal.action is not Action.KEEP and name not in known.documents
    }
    if not new:
        return
    differs = {name: table.columns[name].is_distinct_from(value) for name, value in new.items()}
    counted = [sa.func.count().filter(condition) for condition in differs.values()]
    row = (await uow.session.execute(sa.select(*counted).where(about))).one()
    for name, count in zip(new, row, strict=True):
        if known.fields[name].action is Action.ERASE:
            receipt.erased += count
        else:
            receipt.pseudonymised += count
    if any(row):
        await uow.session.execute(sa.update(table).where(about, sa.or_(*differs.values())).values(new))


def _new(column: sa.Column[Any], name: str, personal: Personal, known: TableMap, person: Person) -> Any:
    if personal.action is Action.PSEUDONYMISE:
        is_address = name in known.email or personal.kind is Kind.CONTACT
        stands = sa.literal(person.pseudonym if is_address else _ERASED)
        # Where nothing is known, nothing is made up.
        return sa.case((column.is_(None), sa.null()), else_=stands)
    if column.nullable:
        return sa.null()
    if isinstance(column.type, JSONB):
        return sa.cast(sa.literal("{}"), JSONB)
    if isinstance(column.type, sa.LargeBinary):
        return sa.literal(b"")
    return sa.literal("")


async def _scrub_documents(uow: UnitOfWork, table: sa.Table, column: str, person: Person) -> int:
    changed = 0
    async for key, document in _documents(uow, table, column, person):
        clean = scrubbed(document, person)
        if clean != document:
            mine = [k == v for k, v in zip(table.primary_key.columns, key, strict=True)]
            await uow.session.execute(sa.update(table).where(*mine).values({column: clean}))
            changed += 1
    return changed


async def _documents(uow: UnitOfWork, table: sa.Table, column: str, person: Person) -> Any:
    """The JSON documents that name the person, with the keys of their rows, some hundred in memory at a time."""
    keys = list(table.primary_key.columns)
    text = sa.func.lower(sa.cast(table.columns[column], sa.Text))
    sought = [orjson.dumps(word).decode()[1:-1] for word in _words(person)]
    if not sought:
        return
    names = sa.or_(*(sa.func.strpos(text, word) > 0 for word in sought))
    if person.tenant_id is not None:
        names = sa.and_(table.columns["tenant_id"] == person.tenant_id, names)
    after: tuple[Any, ...] | None = None
    while True:
        statement = sa.select(*keys, table.columns[column]).where(names)
        if after is not None:
            statement = statement.where(
                sa.tuple_(*keys)
                > sa.tuple_(*(sa.literal(v, k.type) for k, v in zip(keys, after, strict=True)))
            )
        rows = (await uow.session.execute(statement.order_by(*keys).limit(_BATCH))).all()
        for *key, document in rows:
            yield tuple(key), document
        if len(rows) < _BATCH:
            return
        after = tuple(rows[-1][:-1])


def scrubbed(value: Any, person: Person) -> Any:
    """A JSON value in which the person's address is a pseudonym, and what stands beside it is erased."""
    if isinstance(value, Mapping):
        names = {str(v).lower() for v in value.values() if isinstance(v, str)}
        is_about = not names.isdisjoint(_words(person))
        return {
            key: _blank(inner) if is_about and key in _BESIDE else scrubbed(inner, person)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(inner, person) for inner in value]
    if isinstance(value, str) and person.email and value.lower() == person.email.lower():
        return person.pseudonym
    return value


def _blank(value: Any) -> Any:
    if isinstance(value, str):
        return _ERASED if value else value
    return {} if isinstance(value, Mapping) else None


def _words(person: Person) -> set[str]:
    words = {str(person.user_id)} if person.user_id is not None else set()
    return words | ({person.email.lower()} if person.email else set())


def _number(result: Any) -> int:
    return int(result.rowcount)
