"""All SQL of shipments, by `Direct` statements; which are due is found through the session."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from libs.common.db.direct import Direct, hydrated, insert_of, read, values_of
from libs.common.db.repository import Repository
from services.orders.orders.repository import GIVEN, given
from services.orders.shipments.models import Shipment, ShipmentLine

_OF_GIVEN = and_(Shipment.tenant_id == GIVEN.c.tenant_id, Shipment.order_id == GIVEN.c.order_id)
_OF = Direct(select(Shipment.__table__).join(GIVEN, _OF_GIVEN).order_by(Shipment.id))
_LINES = Direct(
    select(ShipmentLine.__table__)
    .join(
        Shipment,
        and_(ShipmentLine.tenant_id == Shipment.tenant_id, ShipmentLine.shipment_id == Shipment.id),
    )
    .join(GIVEN, _OF_GIVEN)
    .order_by(ShipmentLine.line_id)
)
_INSERT, _INSERT_LINE = Direct(insert_of(Shipment)), Direct(insert_of(ShipmentLine))
_UPDATE = Direct(
    update(Shipment)
    .where(
        Shipment.tenant_id == bindparam("tenant_id", type_=Uuid()),
        Shipment.id == bindparam("id", type_=Uuid()),
    )
    .values(
        {
            name: bindparam(name, type_=Shipment.__table__.c[name].type)
            for name in ("status", "next_step_at", "delivered_at", "updated_at", "version")
        }
    )
)


class ShipmentRepository(Repository[Shipment]):
    """Shipments of one tenant."""

    model = Shipment

    async def of(self, keys: Sequence[tuple[UUID, UUID]]) -> list[Shipment]:
        """The shipments of these orders (tenant and id), oldest first.

        Whoever changes one holds the lock of its order.
        """
        rows, found = await read(self.uow, (_OF, given(keys)), (_LINES, given(keys)))
        lines: dict[UUID, list[ShipmentLine]] = defaultdict(list)
        for line in hydrated(ShipmentLine, found):
            lines[line.shipment_id].append(line)
        shipments = hydrated(Shipment, rows)
        for shipment in shipments:
            set_committed_value(shipment, "lines", lines[shipment.id])
        return shipments

    async def add(self, row: Shipment) -> Shipment:
        """Insert a shipment with its lines, with the next flush."""
        self.uow.insert(_INSERT, row)
        self.uow.write(_INSERT_LINE, *(values_of(line) for line in row.lines))
        return row

    async def save(self, row: Shipment) -> Shipment:
        """Write where a shipment is as it is at the next flush; its version grows."""
        self.uow.raise_version(row)
        self.uow.write(_UPDATE, row)
        return row

    async def due(self, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """Tenant and order of shipments whose next simulated step is due, over all tenants."""
        statement = (
            select(Shipment.tenant_id, Shipment.order_id)
            .where(Shipment.next_step_at <= now)
            .order_by(Shipment.next_step_at)
            .limit(limit)
        )
        return [(tenant_id, order_id) for tenant_id, order_id in await self.session.execute(statement)]
