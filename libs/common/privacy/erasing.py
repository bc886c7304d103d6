"""Erases what a service knows of a person as its map says, a bounded step at a time.

A step is one transaction: some rows of some tables, in the order of their keys. It ends with the place where the next
one begins, so what was killed goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.privacy.fields import Action, Kind, Personal, PrivacyMap, TableMap, keep
from libs.common.privacy.people import (
    ERASED,
    Person,
    documents_naming,
    names,
    rows_about,
    scrubbed,
    tables_of,
    within,
)
from libs.common.privacy.places import Place, keys_of, later, places_from
from libs.contracts.audit import change_recorded

# Rows that a step changes, and rows whose documents it reads, at most.
CHANGED, READ = 1000, 5000
# In the place of a column in a receipt: rows that stay as a whole. They are counted up to a number.
WHOLE_ROWS = "*"
_COUNTED = 1_000_000


@dataclass(slots=True)
class Receipt:
    """What a service did: how many values it erased, pseudonymised and kept, those kept by table, column and reason.

    `next` is where the next step begins; None at the end.
    """

    erased: int = 0
    pseudonymised: int = 0
    kept: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    next: Place | None = None

    def keep(self, table: sa.Table, column: str, personal: Personal, count: int) -> None:
        """Note that values of a column stay."""
        if count:
            self.kept += count
            reason = {"table": str(table.name), "column": str(column), "reason": personal.reason}
            self.reasons.append({**reason, "count": count})


async def erase_some(
    uow: UnitOfWork,
    person: Person,
    metadata: sa.MetaData,
    privacy: PrivacyMap,
    place: Place | None,
    *,
    room: int = CHANGED,
    read: int = READ,
) -> Receipt:
    """Take one step in the running transaction. Done again, it finds what is kept only.

    Of a business that has closed all rows go, but for those of tables that stay (see `TableMap.at_closing`).

    `room` is how many rows it may change, `read` of how many it may look into the documents.
    """
    known = {str(table.name): (table, of) for table, of in tables_of(metadata, privacy, person)}
    receipt = Receipt()
    for at in places_from(known.values(), place):
        step = _Step(uow, person, *known[at.table], receipt)
        keys = await (step.read_documents(at.after, read) if at.is_documents else step.change(at.after, room))
        if step.is_cut_short:
            receipt.next = at.model_copy(update={"after": keys})
            break
        room -= step.changed
    return receipt


async def note_erased(uow: UnitOfWork, person: Person, counts: dict[str, int]) -> None:
    """Record what was erased. Of a business the operator's log has it: what the business has is to be no more."""
    if not person.is_business:
        uow.audit("erased", "person", person.request_id, after=counts)
        return
    await uow.enter_platform()
    event = change_recorded(
        uow.context.service.name, "erased", "company", str(person.tenant_id), None, counts
    )
    uow.emit(event, tenant_id=OPERATOR_TENANT_ID)


class _Step:
    """The rows of one table in one step; each way returns the keys of the last row."""

    def __init__(
        self, uow: UnitOfWork, person: Person, table: sa.Table, known: TableMap, receipt: Receipt
    ) -> None:
        self._uow, self._person, self._table, self._known = uow, person, table, known
        self._receipt = receipt
        self._keys = list(table.primary_key.columns)
        self.changed = 0
        self.is_cut_short = False

    async def change(self, after: list[str] | None, room: int) -> list[str] | None:
        """Remove or overwrite rows that are about the person, at most `room` of them."""
        about = rows_about(self._table, self._known, self._person)
        if about is None:
            return None
        if after is None:
            await (self._note_staying if self._person.is_business else self._note_kept)(about)
        if self._known.deletes:
            rows = await self._remove(about, room)
        else:
            rows = await self._overwrite(about, after, room)
        self.changed = len(rows)
        self.is_cut_short = len(rows) == room
        return keys_of(self._table, rows[-1]) if self.is_cut_short else None

    async def read_documents(self, after: list[str] | None, room: int) -> list[str] | None:
        """Scrub what names the person in the documents of some rows, or count it where it is kept."""
        columns = [self._table.columns[name] for name in self._known.documents]
        naming = [sa.case((documents_naming(c, self._person), c), else_=sa.null()) for c in columns]
        statement = (
            sa.select(*self._keys, *naming)
            .where(within(self._table, self._person, later(self._table, after)))
            .order_by(*self._keys)
            .limit(room)
        )
        rows = (await self._uow.session.execute(statement)).all()
        kept = dict.fromkeys(self._known.documents, 0)
        for row in rows:
            clean: dict[str, Any] = {}
            for name, document in zip(self._known.documents, row[len(self._keys) :], strict=True):
                if document is None or not names(document, self._person):
                    continue
                if self._known.fields[name].action is Action.KEEP:
                    kept[name] += 1
                elif (new := scrubbed(document, self._person)) != document:
                    clean[name] = new
            if clean:
                mine = [key == value for key, value in zip(self._keys, row, strict=False)]
                await self._uow.session.execute(sa.update(self._table).where(*mine).values(clean))
                self._receipt.pseudonymised += len(clean)
        for name, count in kept.items():
            self._receipt.keep(self._table, name, self._known.fields[name], count)
        self.is_cut_short = len(rows) == room
        return keys_of(self._table, rows[-1]) if self.is_cut_short else None

    async def _note_kept(self, about: sa.ColumnElement[bool]) -> None:
        kept = self._with(lambda personal: personal.action is Action.KEEP)
        if not kept or self._known.deletes:
            return
        counts = [sa.func.count(self._table.columns[name]) for name in kept]
        row = (await self._uow.session.execute(sa.select(*counts).where(about))).one()
        for (name, personal), count in zip(kept.items(), row, strict=True):
            self._receipt.keep(self._table, name, personal, count)

    async def _note_staying(self, about: sa.ColumnElement[bool]) -> None:
        if not self._known.stays:
            return
        rows = sa.select(sa.literal(1)).select_from(self._table).where(about).limit(_COUNTED).subquery()
        count = await self._uow.session.scalar(sa.select(sa.func.count()).select_from(rows))
        self._receipt.keep(self._table, WHOLE_ROWS, keep(Kind.CONTENT, self._known.stays), int(count or 0))

    async def _remove(self, about: sa.ColumnElement[bool], room: int) -> Sequence[Any]:
        batch = sa.select(*self._keys).where(about).order_by(*self._keys).limit(room).with_for_update()
        for within_it in self._table.foreign_key_constraints:
            if within_it.referred_table is self._table:
                # What lies beneath would hold it; it goes as well, in this step or a later one.
                above = [c for c in within_it.columns if c.nullable and not c.primary_key]
                beneath = sa.tuple_(*within_it.columns).in_(batch)
                await self._uow.session.execute(
                    sa.update(self._table).where(beneath).values(dict.fromkeys((c.name for c in above), None))
                )
        gone = sa.delete(self._table).where(sa.tuple_(*self._keys).in_(batch)).returning(*self._keys)
        rows = (await self._uow.session.execute(gone)).all()
        self._receipt.erased += len(rows)
        return rows

    async def _overwrite(
        self, about: sa.ColumnElement[bool], after: list[str] | None, room: int
    ) -> Sequence[Any]:
        changing = self._with(lambda personal: personal.action is not Action.KEEP)
        if not changing:
            return []
        new = {name: self._new(name, personal) for name, personal in changing.items()}
        differs = [self._table.columns[name].is_distinct_from(value) for name, value in new.items()]
        batch = (
            sa.select(*self._keys, *(one.label(f"differs_{n}") for n, one in enumerate(differs)))
            .where(about, sa.or_(*differs), later(self._table, after))
            .order_by(*self._keys)
            .limit(room)
            .with_for_update()
            .cte("batch")
        )
        mine = [key == batch.c[key.name] for key in self._keys]
        changed = sa.update(self._table).where(*mine).values({**new, **self._marks()}).cte("changed")
        done = sa.select(batch).add_cte(changed).order_by(*(batch.c[key.name] for key in self._keys))
        rows = (await self._uow.session.execute(done)).all()
        for row in rows:
            for personal, is_new in zip(changing.values(), row[len(self._keys) :], strict=True):
                if is_new and personal.action is Action.ERASE:
                    self._receipt.erased += 1
                elif is_new:
                    self._receipt.pseudonymised += 1
        return rows

    def _with(self, condition: Any) -> dict[str, Personal]:
        """The personal columns that meet a condition, without the documents."""
        return {
            name: personal
            for name, personal in self._known.fields.items()
            if condition(personal) and name not in self._known.documents
        }

    def _new(self, name: str, personal: Personal) -> Any:
        column = self._table.columns[name]
        if personal.action is Action.PSEUDONYMISE:
            is_address = name in self._known.email or personal.kind is Kind.CONTACT
            stands = sa.literal(self._person.pseudonym if is_address else ERASED)
            # Where nothing is known, nothing is made up.
            return sa.case((column.is_(None), sa.null()), else_=stands)
        if column.nullable:
            return sa.null()
        if isinstance(column.type, JSONB):
            return sa.cast(sa.literal("{}"), JSONB)
        return sa.literal(b"" if isinstance(column.type, sa.LargeBinary) else "")

    def _marks(self) -> dict[str, Any]:
        """What says that a row has changed."""
        columns = self._table.columns
        marks = {"version": columns.version + 1} if "version" in columns else {}
        return {**marks, "updated_at": self._uow.now} if "updated_at" in columns else marks
