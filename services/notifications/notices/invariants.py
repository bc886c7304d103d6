"""What must always hold of notices."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant


async def addressed(uow: UnitOfWork) -> Finding:
    """The user of every notice is a known member, or was named by an event that was handled here."""
    total = await uow.session.scalar(text("SELECT count(*) FROM notifications.notifications"))
    rows = await uow.session.execute(
        text(
            "SELECT n.id FROM notifications.notifications n"
            " WHERE NOT EXISTS (SELECT 1 FROM notifications.recipients r"
            " WHERE r.tenant_id = n.tenant_id AND r.user_id = n.user_id)"
            " AND NOT EXISTS (SELECT 1 FROM notifications.inbox i"
            " WHERE i.event_id::text = split_part(n.dedupe_key, ':', 1)) ORDER BY n.id LIMIT 1000"
        )
    )
    found = [str(row.id) for row in rows]
    return Finding(f"{total} notices", len(found), tuple(found[:5]))


INVARIANTS = (Invariant("every notice has a user that is known", addressed),)
