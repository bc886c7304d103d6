"""The probe: one event, and one handler that only notes when it was entered."""

import time
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.subscription import on
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings, ServiceSettings

NAMESPACE = "bench"
QUEUE = "bench.probe.note"
TENANT = UUID("01900000-0000-7000-8000-00000000be9c")
PADDING = "x" * 800  # with its attributes a message is about 1 KB


class Base(DeclarativeBase):
    """The base of the models."""

    metadata = service_metadata("probe")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata


class Ping(Event):
    """The event."""

    wire_name: ClassVar[str] = "probe.ping.v1"
    about: ClassVar[tuple[str, str]] = ("ping", "ping_id")

    ping_id: UUID
    number: int
    padding: str = PADDING


class ProbeSettings(ServiceSettings):
    """No settings of its own."""

    documented: ClassVar[bool] = False


class Entered:
    """The events handled in this process: how many, and (number, Unix seconds) of each where that is `kept`.

    Those of a large backlog are not: what is measured there is memory, and 100,000 of them hold 12 MB.
    """

    def __init__(self) -> None:
        self.count = 0
        self.kept = True
        self.times: list[tuple[int, float]] = []


ENTERED = Entered()


async def note(event: Ping, _: UnitOfWork, __: Envelope) -> None:
    """Note that the handler was entered."""
    ENTERED.count += 1
    if ENTERED.kept:
        ENTERED.times.append((event.number, time.time()))


SERVICE = Service(
    name="probe",
    description="The benchmark's own events.",
    settings=ProbeSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    subscriptions=(on(Ping, "probe.note", note),),
)


def broker(common: CommonSettings) -> RabbitBroker:
    """The bus of the probe: the suite's RabbitMQ with an exchange and a queue of its own."""
    assert common.amqp_url is not None
    return RabbitBroker(common.amqp_url, namespace=NAMESPACE)
