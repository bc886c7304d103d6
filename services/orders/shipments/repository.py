"""All SQL of shipments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_

from libs.common.db.repository import Repository
from services.orders.shipments.models import Shipment


class ShipmentRepository(Repository[Shipment]):
    """Shipments of one tenant."""

    model = Shipment

    async def of(self, keys: Sequence[tuple[UUID, UUID]]) -> list[Shipment]:
        """The shipments of these orders (tenant and id), oldest first.

        Whoever changes one holds the lock of its order.
        """
        statement = (
            select(Shipment)
            .where(tuple_(Shipment.tenant_id, Shipment.order_id).in_(keys))
            .order_by(Shipment.id)
        )
        statement = statement.execution_options(populate_existing=True)
        return list((await self.session.execute(statement)).scalars())

    async def due(self, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """Tenant and order of shipments whose next simulated step is due, over all tenants."""
        statement = (
            select(Shipment.tenant_id, Shipment.order_id)
            .where(Shipment.next_step_at <= now)
            .order_by(Shipment.next_step_at)
            .limit(limit)
        )
        return [(tenant_id, order_id) for tenant_id, order_id in await self.session.execute(statement)]
