"""Reading the audit log."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.filters import ListQuery
from services.identity.audit_log.models import AuditEntry
from services.identity.audit_log.repository import AuditLogRepository
from services.identity.audit_log.schemas import AuditExportQuery, VerifyQuery
from services.identity.audit_log.verification import Verification, verify_chain


class AuditLogService:
    """What was done in the tenant acted in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
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

    async def verify(self, query: VerifyQuery) -> Verification:
        """Check a part of the chain."""
        after = bytes.fromhex(query.after_hash) if query.after_hash else None
        return await verify_chain(
            self.uow, self.uow.tenant_id, from_seq=query.from_seq, after_hash=after, limit=query.limit
        )

    def note_export(self, query: AuditExportQuery) -> None:
        """Write down that somebody takes a copy: of which time, and by which filters it is narrowed."""
        asked = query.model_dump(
            mode="json", exclude={"limit", "cursor", "order", "company_id"}, exclude_none=True
        )
        said: dict[str, Any] = {
            name: asked.pop(name) for name in ("format", "time_from", "time_to") if name in asked
        }
        self.uow.audit(
            "exported", "audit log", self.uow.tenant_id, after={**said, "filtered_by": sorted(asked)}
        )
