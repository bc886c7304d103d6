"""Reading the audit log."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.filters import ListQuery
from services.identity.audit_log.models import AuditEntry
from services.identity.audit_log.repository import AuditLogRepository


class AuditLogService:
    """What was done in the tenant acted in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.rows = AuditLogRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of entries."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, entry_id: UUID) -> AuditEntry:
        """One entry.

        Raises:
            NotFound: there is none in this tenant.
        """
        found = await self.rows.get(entry_id)
        if found is None:
            raise NotFound("There is no such entry.", resource="audit entry")
        return found
