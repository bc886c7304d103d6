"""The map of a service's personal fields: every column of every table has a class, and what erasure does to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import sqlalchemy as sa


class Kind(StrEnum):
    """What a column says of a person."""

    IDENTIFIER = "identifier"
    NAME = "name"
    CONTACT = "contact"
    CONTENT = "content"
    SECRET = "secret"


class Action(StrEnum):
    """What erasure does to it."""

    ERASE = "erase"
    PSEUDONYMISE = "pseudonymise"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Personal:
    """The class of a column, and what becomes of it; `reason` is the legal one for what is kept."""

    kind: Kind
    action: Action
    reason: str = ""


def erase(kind: Kind) -> Personal:
    """A column that is emptied."""
    return Personal(kind, Action.ERASE)


def pseudonymise(kind: Kind) -> Personal:
    """A column that gets a value that stands for nobody: an address that reaches nobody, or the word "Erased"."""
    return Personal(kind, Action.PSEUDONYMISE)


def keep(kind: Kind, reason: str) -> Personal:
    """A column that stays as it is, for a legal reason."""
    return Personal(kind, Action.KEEP, reason)


# Reasons that many columns share.
NOBODY = "leads to nobody once the account is erased"
BOOKS = "records of trade and tax have to be kept unchanged for years (Tax Administration Act s 29, Companies Act s 24)"
PROOF = (
    "proof of who did what, kept against fraud and for legal claims (POPIA s 14(1)(b), GDPR art. 17(3)(e))"
)
SOON = "removed by itself within days, once it has been handed on"
BUSINESS = "written for the business, whose record it is; it is not searched for people"


@dataclass(frozen=True, slots=True)
class TableMap:
    """What the columns of a table are.

    Attributes:
        none: the names of those that say nothing of a person, with spaces between.
        fields: those that do.
        user, email: the columns that name the person whom a row is about, by account or by address.
        deletes: rows are removed as a whole, with what is in `fields`.
        of_account: rows belong to the person's account, so erasure within one business leaves them alone.
        documents: columns with JSON in which a person may be named anywhere.
        stays: the legal reason for which rows stay when a business has closed and its data are erased; without one
            they are removed then. Of rows that stay, what is erased or pseudonymised of a person is so of everybody,
            and what was kept as written for the business is erased.
        emptied: of rows that stay, the names of more columns that are emptied then, with spaces between.
        of_person: rows with a value in this column belong to a person's account and not to the business: they stay.
    """

    none: str = ""
    fields: Mapping[str, Personal] = field(default_factory=dict)
    user: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    deletes: bool = False
    of_account: bool = False
    documents: tuple[str, ...] = ()
    stays: str = ""
    emptied: str = ""
    of_person: str = ""

    def at_closing(self) -> "TableMap":
        """The map for erasing the data of a business that has closed."""
        if not self.stays:
            return replace(self, deletes=True, documents=())
        fields = {
            name: erase(personal.kind) if personal.reason == BUSINESS else personal
            for name, personal in self.fields.items()
            if name not in self.documents
        }
        fields |= dict.fromkeys(self.emptied.split(), erase(Kind.CONTENT))
        return replace(self, fields=fields, deletes=False, documents=())

    @property
    def harmless(self) -> set[str]:
        """The columns that say nothing of a person."""
        return set(self.none.split())


PrivacyMap = Mapping[str, TableMap]

# The tables that every service has. What is still to be handed on, or again, names nobody then either.
INFRASTRUCTURE: PrivacyMap = {
    "outbox": TableMap(
        none="id event_id tenant_id type source subject time correlation_id causation_id traceparent published_at",
        fields={
            "actor": keep(Kind.IDENTIFIER, SOON),
            "origin": keep(Kind.IDENTIFIER, SOON),
            "data": pseudonymise(Kind.CONTENT),
        },
        documents=("data",),
        stays=SOON,
    ),
    "inbox": TableMap(none="event_id handler processed_at"),
    "dead_letters": TableMap(
        none="id tenant_id handler event_id type reason attempts created_at resolved_at resolution",
        fields={"envelope": pseudonymise(Kind.CONTENT)},
        documents=("envelope",),
    ),
    "jobs": TableMap(
        none="id tenant_id name key run_at attempts locked_until last_error created_at finished_at dead_at",
        fields={"args": keep(Kind.IDENTIFIER, SOON)},
        stays=SOON,
    ),
    "job_schedules": TableMap(none="name last_tick"),
    "idempotency_keys": TableMap(
        none="tenant_id scope key request_hash content_hash status created_at",
        fields={"body": keep(Kind.CONTENT, SOON)},
        stays=SOON,
    ),
}


def faults(tables: Mapping[str, sa.Table], privacy: PrivacyMap) -> Iterator[str]:
    """What is wrong with the map of these tables, by name: a column without a class, or a class without a column."""
    whole = {**INFRASTRUCTURE, **privacy}
    for name in whole.keys() - tables.keys():
        yield f"{name} is no table"
    for name, table in tables.items():
        known = whole.get(name)
        columns = {column.name for column in table.columns}
        if known is None:
            yield f"{name} is not in the map"
            continue
        for column in sorted(columns - known.harmless - known.fields.keys()):
            yield f"{name}.{column} has no class"
        for column in sorted((known.harmless | known.fields.keys()) - columns):
            yield f"{name}.{column} is no column"
        for column in sorted(known.harmless & known.fields.keys()):
            yield f"{name}.{column} has two classes"
        finding = {
            *known.user,
            *known.email,
            *known.documents,
            *known.emptied.split(),
            *known.of_person.split(),
        }
        for column in finding - columns:
            yield f"{name}.{column} is no column to find people by"
        yield from _inconsistent(name, table, known)


def _inconsistent(name: str, table: sa.Table, known: TableMap) -> Iterator[str]:
    if known.stays and len(known.stays) < 20:
        yield f"{name} stays without a reason"
    for column, personal in known.fields.items():
        if personal.action is Action.KEEP and len(personal.reason) < 20:
            yield f"{name}.{column} is kept without a reason"
        takes = isinstance(table.columns[column].type, sa.Text) or column in known.documents
        if personal.action is Action.PSEUDONYMISE and not takes:
            yield f"{name}.{column} is no text, so it takes no pseudonym"
        if personal.action is not Action.KEEP and not (
            known.user or known.email or column in known.documents
        ):
            yield f"{name}.{column}: nothing says whom a row is about"
