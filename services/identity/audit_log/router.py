"""The HTTP side of the audit log."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.audit_log.schemas import AuditEntryOut, AuditLogQuery
from services.identity.deps import AuditLog

router = APIRouter(prefix="/audit-log", tags=["audit log"])
READ = allow("identity.audit_log.read")


@router.get("", response_model=Page[AuditEntryOut], dependencies=[READ])
async def list_audit_log(query: Annotated[AuditLogQuery, Query()], audit_log: AuditLog) -> Any:
    """List who did what in the business acted in, newest first."""
    return await audit_log.list(query)


@router.get("/{entry_id}", response_model=AuditEntryOut, dependencies=[READ], responses=problems(NotFound))
async def get_audit_entry(entry_id: UUID, audit_log: AuditLog) -> Any:
    """Read one entry."""
    return await audit_log.get(entry_id)
