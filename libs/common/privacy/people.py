"""Whom a privacy request is about, and which rows of a service are about that person."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from libs.common.db.search import address_key
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.privacy.fields import INFRASTRUCTURE, PrivacyMap, TableMap

ERASED = "Erased"
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
        is_business: nobody in the business is meant but the business itself, with all that it has.
    """

    request_id: UUID
    user_id: UUID | None
    email: str | None
    tenant_id: UUID | None = None
    is_business: bool = False

    @property
    def pseudonym(self) -> str:
        """The address that stands for nobody."""
        return f"erased-{self.request_id.hex}@erased.invalid"

    @property
    def words(self) -> set[str]:
        """What names the person in a document, in small letters."""
        words = {str(self.user_id)} if self.user_id is not None else set()
        return words | ({self.email.lower()} if self.email else set())


async def enter(uow: UnitOfWork, person: Person) -> None:
    """Reach the rows of the business meant, or of all."""
    if person.tenant_id is not None:
        await uow.enter_tenant(person.tenant_id)
    else:
        await uow.enter_platform()


def tables_of(
    metadata: sa.MetaData, privacy: PrivacyMap, person: Person
) -> Iterator[tuple[sa.Table, TableMap]]:
    """The tables that may know the person, children first."""
    whole = {**INFRASTRUCTURE, **privacy}
    for table in reversed(metadata.sorted_tables):
        known = whole.get(table.name)
        if known is None:
            continue
        if person.is_business:
            if "tenant_id" in table.columns:
                yield table, known.at_closing()
            continue
        if person.tenant_id is not None and (known.of_account or "tenant_id" not in table.columns):
            continue
        yield table, known


def rows_about(table: sa.Table, known: TableMap, person: Person) -> sa.ColumnElement[bool] | None:
    """The condition of the rows that are about the person; None where nothing says whom rows are about."""
    if person.is_business:
        own = table.columns[known.of_person].is_(None) if known.of_person else sa.true()
        return within(table, person, own)
    ways: list[sa.ColumnElement[bool]] = []
    if person.user_id is not None:
        ways += [table.columns[name] == person.user_id for name in known.user]
    if person.email is not None:
        key = address_key(table, sa.literal(person.email))
        ways += [address_key(table, table.columns[name]) == key for name in known.email]
    return within(table, person, sa.or_(*ways)) if ways else None


def documents_naming(column: sa.Column[Any], person: Person) -> sa.ColumnElement[bool]:
    """That a JSON document may name the person; `names` says whether it does."""
    text = sa.func.lower(sa.cast(column, sa.Text))
    # As JSON writes them.
    words = [orjson.dumps(word).decode()[1:-1] for word in sorted(person.words)]
    return sa.or_(*(sa.func.strpos(text, word) > 0 for word in words))


def within(table: sa.Table, person: Person, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The same in the one business that is meant, if one is."""
    if person.tenant_id is None:
        return condition
    return sa.and_(table.columns["tenant_id"] == person.tenant_id, condition)


def names(document: Any, person: Person) -> bool:
    """Whether the account or the address of the person is in a JSON value, on its own or within a text."""
    said = orjson.dumps(document).decode()
    return any(_whole(word).search(said) for word in person.words)


def scrubbed(value: Any, person: Person) -> Any:
    """A JSON value in which the person's address is a pseudonym, and what stands beside it is erased."""
    if isinstance(value, Mapping):
        said = {str(v).lower() for v in value.values() if isinstance(v, str)}
        is_about = not said.isdisjoint(person.words)
        return {
            key: _blank(inner) if is_about and key in _BESIDE else scrubbed(inner, person)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(inner, person) for inner in value]
    if isinstance(value, str) and person.email:
        return _whole(person.email).sub(person.pseudonym, value)
    return value


@lru_cache
def _whole(word: str) -> re.Pattern[str]:
    # No part of a longer address.
    return re.compile(rf"(?<![\w.+-]){re.escape(word)}(?!\.?[\w-])", re.IGNORECASE)


def _blank(value: Any) -> Any:
    if isinstance(value, str):
        return ERASED if value else value
    return {} if isinstance(value, Mapping) else None
