"""All SQL of the audit log, beside the insert."""

from libs.common.db.repository import Repository
from services.identity.audit_log.models import AuditEntry


class AuditLogRepository(Repository[AuditEntry]):
    """Entries of one tenant."""

    model = AuditEntry
