"""What must always hold of deliveries."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant


async def attempted(uow: UnitOfWork) -> Finding:
    """Whatever was sent or failed has an attempt."""
    total = await uow.session.scalar(text("SELECT count(*) FROM notifications.deliveries"))
    rows = await uow.session.execute(
        text(
            "SELECT id FROM notifications.deliveries WHERE (status IN ('sent', 'failed')) AND"
            " (attempts = 0 OR finished_at IS NULL) ORDER BY id LIMIT 1000"
        )
    )
    found = [str(row.id) for row in rows]
    return Finding(f"{total} deliveries", len(found), tuple(found[:5]))


async def unrepeated(uow: UnitOfWork) -> Finding:
    """No two deliveries share a key."""
    total = await uow.session.scalar(text("SELECT count(*) FROM notifications.deliveries"))
    rows = await uow.session.execute(
        text(
            "SELECT tenant_id, dedupe_key FROM notifications.deliveries GROUP BY tenant_id, dedupe_key"
            " HAVING count(*) > 1 LIMIT 1000"
        )
    )
    found = [f"{row.tenant_id}/{row.dedupe_key}" for row in rows]
    return Finding(f"{total} deliveries", len(found), tuple(found[:5]))


INVARIANTS = (
    Invariant("every finished delivery was attempted", attempted),
    Invariant("no delivery is made twice", unrepeated),
)
