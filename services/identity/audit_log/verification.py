"""Checks the chain of a business: which entry was altered, is missing, or stands in another's place."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.audit_log.chain import GENESIS, HASHED, digest_of
from services.identity.audit_log.models import AuditChain, AuditEntry

MAX_FAULTS = 100
_BATCH = 1000
_JSON = ("before", "after")
_COLUMNS = (*HASHED, "previous_hash", "hash")


class FaultKind(StrEnum):
    """What is wrong with a place in the chain."""

    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"
    REPLACED = "replaced"
    UNEXPECTED = "unexpected"


@dataclass(slots=True)
class Fault:
    """Something wrong. `seq` is the place where it shows, `to_seq` the last of several places."""

    kind: FaultKind
    seq: int
    to_seq: int
    entry_id: UUID | None
    detail: str


@dataclass(slots=True)
class Verification:
    """What was found from one number on.

    Attributes:
        from_seq, to_seq: the first place that was looked at, and the last (the one before the first, where none was).
        length: how many entries the chain has.
        last_hash: of the entry at `to_seq`; with it the check can go on at `next_seq`, or begin there another day.
        next_seq: where to go on; None where the end was reached.
        unchained: entries without a number: from before there was a chain.
        faults: the first of what is wrong.
    """

    from_seq: int
    to_seq: int
    length: int = 0
    last_hash: bytes | None = None
    next_seq: int | None = None
    checked: int = 0
    unchained: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with what was looked at."""
        return not self.faults


_TENANT = sa.bindparam("tenant_id", type_=sa.Uuid)
_FROM, _TO = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
_CHAIN = AuditChain.tenant_id == _TENANT
# One statement, for the end of the chain and its entries move together.
_END = Direct(
    sa.select(
        sa.select(AuditChain.seq).where(_CHAIN).scalar_subquery(),
        sa.select(AuditChain.hash).where(_CHAIN).scalar_subquery(),
        sa.select(sa.func.max(AuditEntry.seq)).where(AuditEntry.tenant_id == _TENANT).scalar_subquery(),
        sa.select(AuditChain.has_all).where(_CHAIN).scalar_subquery(),
    )
)
# So long the release before the chains may have run beside this one.
_ROLLOUT = timedelta(days=1)
_BEGUN_AT = sa.select(AuditChain.begun_at).where(_CHAIN).scalar_subquery()
_UNCHAINED = Direct(
    sa.select(sa.func.count(), sa.func.count().filter(AuditEntry.time > _BEGUN_AT + _ROLLOUT)).where(
        AuditEntry.tenant_id == _TENANT, AuditEntry.seq.is_(None)
    )
)
_ENTRIES = Direct(
    sa.select(
        # The text, since reading it as numbers of another kind would change what it says.
        *(
            sa.cast(getattr(AuditEntry, n), sa.Text) if n in _JSON else getattr(AuditEntry, n)
            for n in _COLUMNS
        )
    )
    .where(AuditEntry.tenant_id == _TENANT, AuditEntry.seq >= _FROM, AuditEntry.seq <= _TO)
    .order_by(AuditEntry.seq)
    .limit(_BATCH)
)


async def verify_chain(
    uow: UnitOfWork,
    tenant_id: UUID,
    *,
    from_seq: int = 1,
    after_hash: bytes | None = None,
    limit: int | None = None,
) -> Verification:
    """Check at most `limit` entries of a tenant's chain, a thousand in memory at a time.

    `after_hash` is the hash that the entry before `from_seq` had when it was checked; without it, what is stored there
    is believed.
    """
    (row,) = await _END.all(uow, tenant_id=tenant_id)
    length, end, highest, has_all = int(row[0] or 0), row[1], int(row[2] or 0), row[3]
    found = Verification(from_seq, from_seq - 1, length)
    ((unchained, late),) = await _UNCHAINED.all(uow, tenant_id=tenant_id)
    found.unchained = int(unchained)
    if late or (unchained and has_all):
        _add(found, FaultKind.UNEXPECTED, length + 1, length + 1, None, "There are entries without a number.")
    if highest > length:
        _add(found, FaultKind.UNEXPECTED, length + 1, highest, None, "The chain ends before.")
    last = length if limit is None else min(length, from_seq + limit - 1)
    previous = after_hash
    if from_seq == 1:
        previous = GENESIS
    elif previous is None:
        before = [entry async for entry in _entries(uow, tenant_id, from_seq - 1, from_seq - 1)]
        previous = before[0]["hash"] if before else None
    odd: list[dict[str, Any]] = []
    expected = from_seq
    # What the last place has cannot be the reason for a second fault at the next one.
    is_sound = True
    async for entry in _entries(uow, tenant_id, from_seq, last):
        seq = entry["seq"]
        found.checked += 1
        if seq > expected:
            _missing(found, expected, seq - 1)
            previous, is_sound = None, False
        if not _is_itself(entry):
            if len(odd) < MAX_FAULTS:
                odd.append(entry)
            is_sound = False
        else:
            if is_sound and previous is not None and entry["previous_hash"] != previous:
                _add(
                    found,
                    FaultKind.REPLACED,
                    seq - 1,
                    seq - 1,
                    None,
                    f"It is not what {seq} was written after.",
                )
            is_sound = True
        previous = entry["hash"]
        expected = seq + 1
    if expected <= last:
        _missing(found, expected, last)
        previous = None
    elif after_hash is not None and 1 < from_seq > length:
        # It was longer when it was checked before, or ended in another way.
        if from_seq > length + 1:
            _missing(found, length + 1, from_seq - 1)
        elif after_hash != end:
            _add(found, FaultKind.REPLACED, length, length, None, "It is not what was there before.")
    elif last == highest == length and is_sound and found.checked and previous != end:
        _add(found, FaultKind.REPLACED, length, length, None, "It is not what the chain ended with.")
    _tell_odd(found, odd)
    found.faults.sort(key=lambda fault: fault.seq)
    del found.faults[MAX_FAULTS:]
    found.to_seq = max(last, from_seq - 1)
    found.last_hash = previous
    found.next_seq = last + 1 if last < length else None
    return found


async def _entries(uow: UnitOfWork, tenant_id: UUID, first: int, last: int) -> AsyncIterator[dict[str, Any]]:
    while first <= last:
        rows = await _ENTRIES.all(uow, tenant_id=tenant_id, first=first, last=last)
        for row in rows:
            entry = dict(zip(_COLUMNS, row, strict=True))
            for name in _JSON:
                entry[name] = None if entry[name] is None else orjson.loads(entry[name])
            yield entry
        if len(rows) < _BATCH:
            return
        first = rows[-1][_COLUMNS.index("seq")] + 1


def _is_itself(entry: dict[str, Any]) -> bool:
    return entry["previous_hash"] is not None and digest_of(entry, entry["previous_hash"]) == entry["hash"]


def _tell_odd(found: Verification, odd: list[dict[str, Any]]) -> None:
    """Entries whose hash is not that of what they say: at the place of another one of them, or altered."""
    for entry in odd:
        seq, home = entry["seq"], _home(entry, odd)
        if home is None:
            _add(
                found, FaultKind.ALTERED, seq, seq, entry["id"], "It does not say what it said when written."
            )
        else:
            _add(found, FaultKind.REORDERED, seq, seq, entry["id"], f"Its place is {home}.")


def _home(entry: dict[str, Any], odd: list[dict[str, Any]]) -> int | None:
    for other in odd:
        if other is entry or other["previous_hash"] is None or entry["previous_hash"] is None:
            continue
        moved = {**entry, "seq": other["seq"]}
        # Either the numbers were exchanged, or all but what the chain says.
        if (
            digest_of(moved, entry["previous_hash"]) == entry["hash"]
            or digest_of(moved, other["previous_hash"]) == other["hash"]
        ):
            return int(other["seq"])
    return None


def _missing(found: Verification, first: int, last: int) -> None:
    _add(found, FaultKind.MISSING, first, last, None, "No entry has it.")


def _add(
    found: Verification, kind: FaultKind, seq: int, to_seq: int, entry_id: UUID | None, detail: str
) -> None:
    if len(found.faults) < 2 * MAX_FAULTS:
        found.faults.append(Fault(kind, seq, to_seq, entry_id, detail))
