"""All SQL of the audit log, beside the insert."""

from sqlalchemy import ColumnElement

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.identity.audit_log.models import ACTOR_KIND, AuditEntry
from services.identity.audit_log.schemas import AuditLogQuery


class AuditLogRepository(Repository[AuditEntry]):
    """Entries of one tenant."""

    model = AuditEntry

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of the query, and what kind of caller acted."""
        kinds = _kinds(query)
        return [*super().conditions(query), *([ACTOR_KIND.in_(kinds)] if kinds else [])]

    def split(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """Several kinds are read each from its own index."""
        kinds = _kinds(query)
        return super().split(query) or ([kind == ACTOR_KIND for kind in kinds] if len(kinds) > 1 else [])


def _kinds(query: ListQuery) -> list[str]:
    kinds = query.actor_kind if isinstance(query, AuditLogQuery) else None
    return list(dict.fromkeys(kind.value for kind in kinds or ()))
