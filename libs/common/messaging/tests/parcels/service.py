"""The test service: an event, handlers whose effects can be counted, and ways to make them fail."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Integer, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.messaging.failures import RetryLater
from libs.common.messaging.subscription import Subscription, Taken, in_batches, on
from libs.common.runtime.service import Service
from libs.common.settings import ServiceSettings


class Base(DeclarativeBase):
    """The base of the models."""

    metadata = service_metadata("parcels")
    type_annotation_map = TYPES


class Parcel(Base):
    """What one handler made of the events of a parcel: `latest` is the highest step, `counted` sums effects."""

    __tablename__ = "parcels"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    latest: Mapped[int] = mapped_column(Integer)
    counted: Mapped[int] = mapped_column(Integer)


class Arrival(Base):
    """One effect of one handler, in the order of commits."""

    __tablename__ = "arrivals"
    __table_args__ = (Index("ix_arrivals_tenant_id", "tenant_id"),)

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant_id: Mapped[UUID]
    handler: Mapped[str]
    event_id: Mapped[UUID]
    parcel_id: Mapped[UUID]
    step: Mapped[int] = mapped_column(Integer)


MODELS = infrastructure(Base)
metadata = Base.metadata


class ParcelMoved(Event):
    """A parcel reached a step of its way. `mood` says how the handler of the test is to behave."""

    wire_name: ClassVar[str] = "parcels.parcel_moved.v1"
    about: ClassVar[tuple[str, str]] = ("parcel", "parcel_id")

    parcel_id: UUID
    step: int
    mood: str = "well"


class ParcelsSettings(ServiceSettings):
    """No settings of its own."""


async def keep_latest(event: ParcelMoved, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep the highest step of the parcel, whatever order facts come in."""
    row = {"tenant_id": uow.tenant_id, "id": event.parcel_id, "latest": event.step, "counted": 1}
    statement = insert(Parcel).values(row)
    await uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "id"],
            set_={
                "latest": func.greatest(Parcel.latest, statement.excluded.latest),
                "counted": Parcel.counted + 1,
            },
        )
    )
    if event.mood == "fails":
        raise ValueError("this parcel cannot be handled")
    if event.mood == "fails twice" and envelope.attempts < 2:
        raise ValueError("not yet")
    if event.mood == "needs more" and envelope.attempts < 1:
        raise RetryLater("the fact before it has not arrived")
    if event.mood == "kills" and os.environ.get("PARCELS_MAY_KILL"):
        os.kill(os.getpid(), signal.SIGKILL)


async def write_arrival(event: dict[str, Any], uow: UnitOfWork, envelope: Envelope) -> None:
    """Write down every event of the platform."""
    uow.session.add(
        Arrival(
            tenant_id=uow.tenant_id,
            handler="parcels.write_arrival",
            event_id=envelope.id,
            parcel_id=UUID(event["parcel_id"]),
            step=event["step"],
        )
    )


async def write_batch(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Write down events in batches, each of its own tenant; the size of the batch is told in `BATCHES`."""
    BATCHES.append(len(taken))
    for event, envelope in taken:
        row = Arrival(
            tenant_id=envelope.tenant_id,
            handler="parcels.write_batch",
            event_id=envelope.id,
            parcel_id=event.parcel_id,
            step=event.step,
        )
        uow.session.add(row)
        await uow.flush()
        if event.mood == "fails":
            raise ValueError("this parcel cannot be handled")
        if event.mood == "kills" and os.environ.get("PARCELS_MAY_KILL"):
            os.kill(os.getpid(), signal.SIGKILL)


BATCHES: list[int] = []

KEEP_LATEST = on(ParcelMoved, "parcels.keep_latest", keep_latest)
WRITE_ARRIVAL = Subscription("parcels.write_arrival", (), write_arrival, in_bulk=True)
# Not among those of the service: tests that are of it subscribe to it themselves.
WRITE_BATCH = in_batches((ParcelMoved,), "parcels.write_batch", write_batch, size=8)

SERVICE = Service(
    name="parcels",
    description="A service for tests of the bus and the job runner.",
    settings=ParcelsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    subscriptions=(KEEP_LATEST, WRITE_ARRIVAL),
)
