"""All SQL of deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from services.notifications.deliveries.models import Delivery, DeliveryStatus


class DeliveryRepository(Repository[Delivery]):
    """Deliveries of one tenant."""

    model = Delivery

    async def insert(self, rows: Sequence[dict[str, Any]]) -> list[tuple[UUID, str]]:
        """Add deliveries, leaving out those whose key is there already; return id and status of the added."""
        statement = insert(Delivery).on_conflict_do_nothing(index_elements=["tenant_id", "dedupe_key"])
        added = await self.session.execute(statement.returning(Delivery.id, Delivery.status), list(rows))
        return [(row.id, row.status) for row in added]

    async def claim(self, delivery_id: UUID, seconds: float) -> Delivery | None:
        """Take a due delivery for one try, or None where it is finished or another worker has it."""
        now = self.uow.now
        statement = (
            update(Delivery)
            .where(
                Delivery.tenant_id == self.uow.tenant_id,
                Delivery.id == delivery_id,
                Delivery.status == DeliveryStatus.PENDING,
                or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= now),
            )
            .values(
                attempts=Delivery.attempts + 1, claimed_until=now + timedelta(seconds=seconds), updated_at=now
            )
            .returning(Delivery)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def settle(self, claimed: Delivery, values: dict[str, Any]) -> bool:
        """Record what came of a try; False where another worker took over meanwhile."""
        statement = (
            update(Delivery)
            .where(
                Delivery.tenant_id == self.uow.tenant_id,
                Delivery.id == claimed.id,
                Delivery.status == DeliveryStatus.PENDING,
                Delivery.attempts == claimed.attempts,
            )
            .values(claimed_until=None, updated_at=self.uow.now, version=Delivery.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        return bool((await self.session.execute(statement)).rowcount)  # type: ignore[attr-defined]

    async def overdue(self, before: datetime, limit: int) -> list[tuple[UUID, UUID, int]]:
        """Tenant, id and tries of pending deliveries that were due before a time."""
        statement = (
            select(Delivery.tenant_id, Delivery.id, Delivery.attempts)
            .where(
                Delivery.status == DeliveryStatus.PENDING,
                Delivery.due_at < before,
                or_(Delivery.claimed_until.is_(None), Delivery.claimed_until < before),
            )
            .order_by(Delivery.due_at)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in await self.session.execute(statement)]
