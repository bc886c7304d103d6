"""The audit log as a file: pages of it, one after another, so that its length takes no memory."""

import csv
import io
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

from libs.common.actor import Actor
from libs.common.csv_cells import cell
from libs.common.runtime.context import ServiceContext
from services.identity.audit_log.repository import AuditLogRepository
from services.identity.audit_log.schemas import AuditEntryOut, AuditExportQuery, ExportFormat

_PAGE = 500
_COLUMNS = tuple(AuditEntryOut.model_fields)


class MediaType(StrEnum):
    """What the formats are called in headers."""

    CSV = "text/csv; charset=utf-8"
    JSONL = "application/jsonl"


async def export(context: ServiceContext, actor: Actor, query: AuditExportQuery) -> AsyncIterator[bytes]:
    """The lines of the file. Each page is a transaction of its own."""
    write = _csv if query.format is ExportFormat.CSV else _jsonl
    if query.format is ExportFormat.CSV:
        yield _line(_COLUMNS)
    page: Any = query.model_copy(
        update={"limit": _PAGE, "cursor": None, "time_to": query.time_to or context.clock.now()}
    )
    while True:
        async with context.unit_of_work(actor) as uow:
            rows, cursor = await AuditLogRepository(uow).page(page)
            lines = b"".join(write(AuditEntryOut.model_validate(row)) for row in rows)
        if lines:
            yield lines
        if cursor is None:
            return
        page = page.model_copy(update={"cursor": cursor})


def _jsonl(entry: AuditEntryOut) -> bytes:
    return entry.model_dump_json().encode() + b"\n"


def _csv(entry: AuditEntryOut) -> bytes:
    values = (getattr(entry, name) for name in _COLUMNS)
    return _line([_json(v) if isinstance(v, dict) else cell(v) for v in values])


def _json(value: Any) -> str:
    # Numbers may have more digits than 64 bits hold.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _line(cells: Any) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
