"""The chain that the entries of one business are in: each has a number, the hash of the one before, and its own.

The hash of an entry is SHA-256 over the hash of the one before (32 zero bytes before the first) and the entry's fields
as JSON: names sorted, no spaces, UTF-8, absent values null, times in UTC with six digits of seconds. Anybody who has
the entries can check it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct, all_of
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.audit_log.models import AuditChain, AuditEntry

GENESIS = bytes(32)
# What an entry says; its own number is among it, so that no two can change places.
HASHED = (
    "tenant_id",
    "seq",
    "id",
    "time",
    "event_id",
    "actor",
    "actor_id",
    "acted_as_id",
    "address",
    "user_agent",
    "tenant_via",
    "service",
    "action",
    "resource",
    "resource_id",
    "before",
    "after",
    "request_id",
)
_UUIDS = sa.ARRAY(sa.Uuid)
_TENANTS = sa.bindparam("tenants", type_=_UUIDS)


def _begin() -> Direct:
    chains: sa.Table = AuditChain.__table__  # type: ignore[assignment]
    given = sa.func.unnest(_TENANTS).column_valued("given")
    there = sa.exists().where(chains.c.tenant_id == given)
    # Where nothing is left of the release before the chains, nothing without a number may come later.
    is_unchained = sa.exists().where(AuditEntry.seq.is_(None))
    new = sa.select(given, sa.literal(GENESIS, sa.LargeBinary), ~is_unchained).where(~there).order_by(given)
    return Direct(
        insert(AuditChain)
        .from_select(["tenant_id", "hash", "has_all"], new, include_defaults=False)
        .on_conflict_do_nothing()
    )


def _lock() -> Direct:
    return Direct(
        sa.select(AuditChain.tenant_id, AuditChain.seq, AuditChain.hash)
        .where(AuditChain.tenant_id == sa.any_(_TENANTS))
        .order_by(AuditChain.tenant_id)
        .with_for_update()
    )


def _known() -> Direct:
    given = (
        sa.func.unnest(_TENANTS, sa.bindparam("events", type_=_UUIDS))
        .table_valued(sa.column("tenant_id", sa.Uuid), sa.column("event_id", sa.Uuid), name="given")
        .render_derived()
    )
    there = sa.exists(
        sa.select(sa.true())
        .where(AuditEntry.tenant_id == given.c.tenant_id, AuditEntry.event_id == given.c.event_id)
        # Keeps it from becoming a join: planned while the log was short, that reads all of it for each event.
        .offset(sa.literal_column("0"))
    )
    return Direct(sa.select(given.c.event_id).where(there))


def _lengthen() -> Direct:
    chains: sa.Table = AuditChain.__table__  # type: ignore[assignment]
    given = (
        sa.func.jsonb_to_recordset(sa.cast(sa.bindparam("rows", type_=sa.Text), JSONB))
        .table_valued(*(sa.column(n, chains.c[n].type) for n in ("tenant_id", "seq", "hash")), name="given")
        .render_derived(with_types=True)
    )
    return Direct(
        sa.update(chains)
        .where(chains.c.tenant_id == given.c.tenant_id)
        .values(seq=given.c.seq, hash=given.c.hash)
    )


_BEGIN, _LOCK, _KNOWN, _LENGTHEN = _begin(), _lock(), _known(), _lengthen()
_ADD = Direct(bulk_insert(AuditEntry, (*HASHED, "previous_hash", "hash")))


async def append(uow: UnitOfWork, entries: Iterable[dict[str, Any]]) -> None:
    """Add entries, each at the end of the chain of its tenant; those of events that it has already are left out.

    Whoever adds holds the chains of his entries until the commit. They are taken in the order of their tenants, and new
    ones are made before any is held, so that two who add wait for each other in one direction only.
    """
    entries = list(entries)
    tenants = {"tenants": sorted({entry["tenant_id"] for entry in entries})}
    pairs = {
        "tenants": [entry["tenant_id"] for entry in entries],
        "events": [entry["event_id"] for entry in entries],
    }
    # The last one is asked while the chains are held: nobody else adds to them now.
    _, heads, known = await all_of(uow, (_BEGIN, tenants), (_LOCK, tenants), (_KNOWN, pairs))
    ends: dict[UUID, tuple[int, bytes]] = {tenant: (seq, last) for tenant, seq, last in heads}
    seen = {event for (event,) in known}
    added, moved = [], set()
    for entry in entries:
        if entry["event_id"] in seen:
            continue
        seen.add(entry["event_id"])
        tenant_id = entry["tenant_id"]
        entry |= {name: stored(entry[name]) for name in ("before", "after")}
        seq, previous = ends[tenant_id]
        entry["seq"] = seq + 1
        digest = digest_of(entry, previous)
        added.append({**entry, "previous_hash": _bytea(previous), "hash": _bytea(digest)})
        ends[tenant_id] = (seq + 1, digest)
        moved.add(tenant_id)
    if added:
        uow.write(_ADD, bulk_values(added))
        uow.write(
            _LENGTHEN,
            bulk_values(
                {"tenant_id": tenant, "seq": ends[tenant][0], "hash": _bytea(ends[tenant][1])}
                for tenant in moved
            ),
        )


def digest_of(entry: Mapping[str, Any], previous: bytes) -> bytes:
    """The hash of an entry, given as its fields by name, that comes after one with the hash `previous`."""
    said = {name: entry[name] for name in HASHED}
    said["time"] = said["time"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous + orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def stored(value: Any) -> Any:
    """A JSON value as it comes back from the database, which writes out large numbers and knows no negative zero."""
    if isinstance(value, float) and value.is_integer():
        is_written_out = abs(value) >= 1e16 and -(2**63) <= value < 2**64
        return int(value) if is_written_out else value + 0.0
    if isinstance(value, Mapping):
        return {name: stored(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [stored(inner) for inner in value]
    return value


def _bytea(value: bytes) -> str:
    return f"\\x{value.hex()}"
