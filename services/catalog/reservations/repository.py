"""All SQL of reservations."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, Row, Run, all_of, insert_of, values_of
from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from services.catalog.locks import holding
from services.catalog.reservations.models import Reservation, ReservationLine, ReservationShipment
from services.catalog.reservations.schemas import ReservationQuery, ReservationStatus

_KNOWN = Direct(
    select(Reservation.id).where(
        Reservation.tenant_id == bindparam("tenant", type_=Uuid()),
        Reservation.order_id == bindparam("order", type_=Uuid()),
    )
)
_ADD = Direct(insert_of(Reservation))
_WRITTEN = tuple(
    column.name
    for column in Reservation.__table__.columns
    if column.name not in ("tenant_id", "id", "order_id", "created_at")
)
_WRITE = Direct(
    update(Reservation)
    .where(
        Reservation.tenant_id == bindparam("tenant", type_=Uuid()),
        Reservation.id == bindparam("reservation", type_=Uuid()),
    )
    .values({name: bindparam(name, type_=Reservation.__table__.c[name].type) for name in _WRITTEN})
)
_ADD_LINE = Direct(insert_of(ReservationLine))


class ReservationRepository(Repository[Reservation]):
    """Reservations of one tenant."""

    model = Reservation

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of the plain fields, and whether there is a shortfall."""
        found = super().conditions(query)
        assert isinstance(query, ReservationQuery)
        if query.short is not None:
            found.append(
                Reservation.shortfall.is_not(None) if query.short else Reservation.shortfall.is_(None)
            )
        return found

    async def claim(self, order_id: UUID) -> tuple[Reservation, bool]:
        """The locked reservation of an order, and whether it was made just now (without any line)."""
        row, is_new, _ = await self._claim(order_id)
        return row, is_new

    async def claim_and_read(self, order_id: UUID, *also: Run) -> tuple[Reservation, bool, list[list[Row]]]:
        """The same, and the rows of other statements that are sent along and run once the reservation is claimed."""
        return await self._claim(order_id, *also)

    async def _claim(self, order_id: UUID, *also: Run) -> tuple[Reservation, bool, list[list[Row]]]:
        named = {"tenant": self.uow.tenant_id, "order": order_id}
        _, known, *read = await all_of(self.uow, self._holding(order_id), (_KNOWN, named), *also)
        if known:
            found = await self.find(Reservation.order_id == order_id, lock=True)
            assert found is not None
            return found, False, read
        new = Reservation(
            tenant_id=self.uow.tenant_id,
            id=new_id(),
            order_id=order_id,
            status=ReservationStatus.RESERVED,
            requested={},
            created_at=self.uow.now,
            updated_at=self.uow.now,
            version=1,
        )
        # Inserted as it is at the flush: while its name is held, nobody else makes one.
        self.uow.write(_ADD, new)
        return new, True, read

    async def save(self, row: Reservation) -> Reservation:
        """Write a locked reservation, raising its version; one made here with the next flush."""
        if self.uow.transaction.knows(row):
            return await super().save(row)
        row.version += 1
        row.updated_at = self.uow.now
        if not self.uow.will_write(_ADD, row):
            values = values_of(row, _WRITTEN)
            self.uow.write(_WRITE, {"tenant": row.tenant_id, "reservation": row.id, **values})
        return row

    def add_lines(self, lines: Sequence[ReservationLine]) -> None:
        """Insert new lines with the next flush."""
        self.uow.write(_ADD_LINE, *(values_of(line) for line in lines))

    async def known(self, order_id: UUID) -> Reservation | None:
        """The locked reservation of an order, if there is one."""
        await all_of(self.uow, self._holding(order_id))
        return await self.find(Reservation.order_id == order_id, lock=True)

    def _holding(self, order_id: UUID) -> Run:
        # A release that comes while the reservation is being made must wait for it and not miss it.
        return holding(self.uow, f"reservation:{order_id}")

    async def tenants_due(self, before: datetime, limit: int) -> Sequence[UUID]:
        """Businesses with reservations that expired before a time, for the platform scope."""
        statement = (
            select(Reservation.tenant_id)
            .where(Reservation.status == ReservationStatus.RESERVED, Reservation.expires_at < before)
            .distinct()
            .limit(limit)
        )
        return (await self.session.execute(statement)).scalars().all()

    async def due(self, before: datetime, limit: int) -> list[Reservation]:
        """Reservations of the tenant that expired before a time, locked; those others work on are skipped."""
        statement = (
            self.select()
            .where(Reservation.status == ReservationStatus.RESERVED, Reservation.expires_at < before)
            .order_by(Reservation.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        rows: Any = await self.session.execute(statement)
        return list(rows.scalars())

    async def lines_of(self, reservations: Iterable[Reservation]) -> dict[UUID, list[ReservationLine]]:
        """The lines of these reservations by the reservation's id, in one query."""
        await self.uow.flush()
        found: dict[UUID, list[ReservationLine]] = {row.id: [] for row in reservations}
        statement = (
            select(ReservationLine)
            .where(
                ReservationLine.tenant_id == self.uow.tenant_id,
                ReservationLine.reservation_id.in_(list(found)),
            )
            .order_by(ReservationLine.id)
        )
        for line in (await self.session.execute(statement)).scalars():
            found[line.reservation_id].append(line)
        return found

    async def drop_lines(self, reservation: Reservation) -> None:
        """Remove the lines of a reservation of which nothing was shipped."""
        await self.session.execute(
            delete(ReservationLine).where(
                ReservationLine.tenant_id == reservation.tenant_id,
                ReservationLine.reservation_id == reservation.id,
                ReservationLine.shipped_quantity == 0,
            )
        )

    async def mark_shipped(self, order_id: UUID, shipment_id: UUID) -> bool:
        """Note a shipment; False when it was noted before."""
        values = {
            "tenant_id": self.uow.tenant_id,
            "id": new_id(),
            "order_id": order_id,
            "shipment_id": shipment_id,
            "created_at": self.uow.now,
            "updated_at": self.uow.now,
        }
        made = await self.session.execute(
            insert(ReservationShipment)
            .values(values)
            .on_conflict_do_nothing()
            .returning(ReservationShipment.id)
        )
        return made.scalar_one_or_none() is not None
