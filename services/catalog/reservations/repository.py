"""All SQL of reservations."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, Row, Run, all_of, hydrated, insert_of, unsaved, values_of
from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from services.catalog.locks import holding
from services.catalog.reservations.models import Reservation, ReservationLine, ReservationShipment
from services.catalog.reservations.schemas import ReservationQuery, ReservationStatus

_OF_ORDER = (
    Reservation.tenant_id == bindparam("tenant", type_=Uuid()),
    Reservation.order_id == bindparam("order", type_=Uuid()),
)
_LOCK = Direct(select(Reservation.__table__).where(*_OF_ORDER).with_for_update())
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
_OF_TENANT = ReservationLine.tenant_id == bindparam("tenant", type_=Uuid())
_LINES = Direct(
    select(ReservationLine.__table__)
    .where(
        _OF_TENANT,
        ReservationLine.reservation_id == any_(bindparam("reservations", type_=ARRAY(Uuid()))),
    )
    .order_by(ReservationLine.id)
)
_LINES_OF_ORDER = Direct(
    select(ReservationLine.__table__)
    .where(
        _OF_TENANT,
        ReservationLine.reservation_id == select(Reservation.id).where(*_OF_ORDER).scalar_subquery(),
    )
    .order_by(ReservationLine.id)
)
_ADD_LINE = Direct(insert_of(ReservationLine))
_WRITE_LINE = Direct(
    update(ReservationLine)
    .where(_OF_TENANT, ReservationLine.id == bindparam("line", type_=Uuid()))
    .values(
        {
            name: bindparam(name, type_=ReservationLine.__table__.c[name].type)
            for name in ("quantity", "shipped_quantity")
        }
    )
)
_MARK_SHIPPED = Direct(
    insert_of(ReservationShipment).on_conflict_do_nothing().returning(ReservationShipment.id)
)


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
        row, is_new, _ = await self.claim_and_read(order_id)
        return row, is_new

    async def claim_with_lines(self, order_id: UUID) -> tuple[Reservation, bool, list[ReservationLine]]:
        """The same, and its lines."""
        lines = (_LINES_OF_ORDER, {"tenant": self.uow.tenant_id, "order": order_id})
        row, is_new, (found,) = await self.claim_and_read(order_id, lines)
        return row, is_new, hydrated(ReservationLine, found)

    async def claim_and_read(self, order_id: UUID, *also: Run) -> tuple[Reservation, bool, list[list[Row]]]:
        """The same, and the rows of other statements that are sent along and run once the reservation is claimed."""
        found, read = await self._lock(order_id, *also)
        if found is not None:
            return found, False, read
        new = unsaved(
            Reservation,
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
        self.uow.raise_version(row)
        if not self.uow.will_write(_ADD, row):
            values = values_of(row, _WRITTEN)
            self.uow.write(_WRITE, {"tenant": row.tenant_id, "reservation": row.id, **values})
        return row

    def add_lines(self, lines: Sequence[ReservationLine]) -> None:
        """Insert new lines with the next flush."""
        self.uow.write(_ADD_LINE, *(values_of(line) for line in lines))

    def save_lines(self, lines: Iterable[ReservationLine]) -> None:
        """Write with the next flush how many pieces lines have and were shipped."""
        for line in lines:
            counts = {"quantity": line.quantity, "shipped_quantity": line.shipped_quantity}
            self.uow.write(_WRITE_LINE, {"tenant": line.tenant_id, "line": line.id, **counts})

    async def known(self, order_id: UUID) -> Reservation | None:
        """The locked reservation of an order, if there is one."""
        return (await self._lock(order_id))[0]

    async def _lock(self, order_id: UUID, *also: Run) -> tuple[Reservation | None, list[list[Row]]]:
        # A release that comes while the reservation is being made must wait for it and not miss it.
        named = holding(self.uow, f"reservation:{order_id}")
        mine = (_LOCK, {"tenant": self.uow.tenant_id, "order": order_id})
        _, found, *read = await all_of(self.uow, named, mine, *also)
        return next(iter(hydrated(Reservation, found)), None), read

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
        """The lines of these reservations by the reservation's id, in one query; see `save_lines`."""
        await self.uow.flush()
        lines: dict[UUID, list[ReservationLine]] = {row.id: [] for row in reservations}
        found = await _LINES.all(self.uow, tenant=self.uow.tenant_id, reservations=list(lines))
        for line in hydrated(ReservationLine, found):
            lines[line.reservation_id].append(line)
        return lines

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
            "version": 1,
        }
        return await _MARK_SHIPPED.first(self.uow, **values) is not None
