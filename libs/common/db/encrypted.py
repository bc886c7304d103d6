"""Columns whose values are under the key ring, and their re-encryption after the ring has got a new key.

How far it has come is seen in the values themselves, each of which begins with the id of its key: nothing else is kept,
so it may be ended at any point, begun again, and run beside writers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from libs.common.crypto import DecryptionFailed
from libs.common.failpoints import failpoint
from libs.common.jobs.job import Job

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute

    from libs.common.db.unit_of_work import UnitOfWork
    from libs.common.runtime.context import ServiceContext

REENCRYPT = "reencrypt"
BATCH = 100
_LEASE = 600.0


class Unreadable(Exception):
    """Some values cannot be read with any key of the ring; the others have the current key now."""


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A column of a model with `id` that holds what `KeyRing.encrypt` makes.

    Attributes:
        column: e.g. `SigningKey.private_pem`.
        purpose: what its values are bound to: a text, or what makes it from the id of the row.
    """

    column: "InstrumentedAttribute[Any]"
    purpose: str | Callable[[UUID], str]

    @property
    def table(self) -> sa.Table:
        """The table it is of."""
        table: sa.Table = self.column.class_.__table__
        return table

    @property
    def name(self) -> str:
        """Its full name, such as `payments.payment_accounts.sealed_credentials`."""
        return f"{self.table.fullname}.{self.column.key}"

    def purpose_of(self, row_id: UUID) -> str:
        """What the value of a row is bound to."""
        return self.purpose if isinstance(self.purpose, str) else self.purpose(row_id)


def encryption_jobs(columns: Sequence[Encrypted]) -> Sequence[Job]:
    """The job of a service that has such columns; it is deferred by `pillars keys reencrypt`."""
    return (Job(REENCRYPT, reencrypt, lease=_LEASE, max_attempts=20),) if columns else ()


async def reencrypt(uow: "UnitOfWork", args: dict[str, Any]) -> None:
    """Give every value the current key, in small transactions.

    Raises:
        Unreadable: some cannot be read.
    """
    unreadable: list[str] = []
    for encrypted in uow.context.service.encrypted:
        # Again, until nothing was left: a process with the ring as it was may have written meanwhile.
        while True:
            changed, unread = await _pass(uow.context, encrypted)
            if not changed:
                break
        if unread:
            unreadable.append(f"{unread} values of {encrypted.name}")
    if unreadable:
        raise Unreadable(f"no key of the ring reads {', '.join(unreadable)}")


async def keys_in_use(context: "ServiceContext") -> list[tuple[str, str, int]]:
    """Column, id of a key, and how many values it has, for every column of the service."""
    found = []
    async with context.unit_of_work(platform=True) as uow:
        for encrypted in context.service.encrypted:
            column = encrypted.table.c[encrypted.column.key]
            key = _key(column)
            rows = await uow.session.execute(
                sa.select(key, sa.func.count()).where(column.is_not(None)).group_by(key).order_by(key)
            )
            found += [(encrypted.name, name, count) for name, count in rows]
    return found


async def _pass(context: "ServiceContext", encrypted: Encrypted) -> tuple[int, int]:
    """Go through all rows once: how many values were changed, and how many could not be read."""
    changed = unread = 0
    last: tuple[Any, ...] | None = None
    while True:
        async with context.unit_of_work(platform=True) as uow:
            last, read, failed = await _batch(uow, encrypted, last)
            failpoint("keys", uow.context.service.name, "reencrypting")
        failpoint("keys", context.service.name, "reencrypted")
        changed += read
        unread += failed
        if last is None:
            return changed, unread


async def _batch(
    uow: "UnitOfWork", encrypted: Encrypted, after: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...] | None, int, int]:
    ring, table = uow.context.keyring, encrypted.table
    column, keys = table.c[encrypted.column.key], list(table.primary_key.columns)
    # Whoever writes such a row is waited for, and what he wrote is what is read.
    statement = sa.select(*keys, table.c.id, column).where(column.is_not(None), _key(column) != ring.current)
    if after is not None:
        statement = statement.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, after)))
    rows = (await uow.session.execute(statement.order_by(*keys).limit(BATCH).with_for_update())).all()
    failed = 0
    for *key, row_id, value in rows:
        purpose = encrypted.purpose_of(row_id)
        try:
            plain = ring.decrypt(value, purpose=purpose)
        except (DecryptionFailed, ValueError):
            failed += 1
            continue
        mine = [k == v for k, v in zip(keys, key, strict=True)]
        await uow.session.execute(
            sa.update(table).where(*mine).values({column: ring.encrypt(plain, purpose=purpose)})
        )
    last = tuple(rows[-1][: len(keys)]) if len(rows) == BATCH else None
    return last, len(rows) - failed, failed


def _key(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    return sa.func.split_part(column, ":", 1)
