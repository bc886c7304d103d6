"""The HTTP side of the audit log."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from libs.common.errors import NotFound
from libs.common.http.deps import Context, CurrentActor, allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.audit_log.export import MediaType, export
from services.identity.audit_log.schemas import (
    AuditEntryOut,
    AuditExportQuery,
    AuditLogQuery,
    VerificationOut,
    VerifyQuery,
)
from services.identity.deps import AuditLog

router = APIRouter(prefix="/audit-log", tags=["audit log"])
READ = allow("identity.audit_log.read")


@router.get("", response_model=Page[AuditEntryOut], dependencies=[READ])
async def list_audit_log(query: Annotated[AuditLogQuery, Query()], audit_log: AuditLog) -> Any:
    """List who did what in the business acted in, newest first."""
    return await audit_log.list(query)


@router.get(
    "/export",
    dependencies=[READ],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The entries, as long as there are any",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/jsonl": {"schema": {"type": "string"}},
            },
        }
    },
)
async def export_audit_log(
    query: Annotated[AuditExportQuery, Query()], audit_log: AuditLog, context: Context, actor: CurrentActor
) -> StreamingResponse:
    """Have the log as a CSV file, or as JSON lines (`format=jsonl`), filtered as the list is. It is written down, too."""
    audit_log.note_export(query)
    return StreamingResponse(
        export(context, actor, query),
        media_type=MediaType[query.format.name],
        headers={
            "Content-Disposition": f'attachment; filename="audit-log.{query.format}"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/verify", response_model=VerificationOut, dependencies=[READ])
async def verify_audit_log(query: Annotated[VerifyQuery, Query()], audit_log: AuditLog) -> Any:
    """Check that no entry was altered, removed or moved since it was written, and say which.

    A long log is checked in parts: go on with `next_seq` and `last_hash`. Keep both elsewhere to know later that
    nothing before was rewritten.
    """
    return await audit_log.verify(query)


@router.get("/{entry_id}", response_model=AuditEntryOut, dependencies=[READ], responses=problems(NotFound))
async def get_audit_entry(entry_id: UUID, audit_log: AuditLog) -> Any:
    """Read one entry."""
    return await audit_log.get(entry_id)
