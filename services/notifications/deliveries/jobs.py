"""The jobs of deliveries."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.notifications.deliveries.repository import DeliveryRepository
from services.notifications.deliveries.sender import Sender
from services.notifications.deliveries.service import SEND, SEND_MANY

OVERDUE_SECONDS = 1800
BATCH = 200


async def send_delivery(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Try one delivery. The unit of work holds no connection until the provider has answered."""
    await Sender(uow).send([UUID(args["delivery_id"])])


async def send_deliveries(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Try several deliveries at once; what fails is tried again by itself."""
    await Sender(uow).send([UUID(delivery_id) for delivery_id in args["delivery_ids"]])


async def rescue_deliveries(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Start again what has long been due, for instance since its job was given up while the database was away."""
    before = uow.now - timedelta(seconds=OVERDUE_SECONDS)
    for tenant_id, delivery_id, attempts in await DeliveryRepository(uow).overdue(before, BATCH):
        async with uow.context.unit_of_work(tenant_id=tenant_id) as one:
            one.defer(SEND, key=f"{delivery_id}:{attempts}:rescue", delivery_id=str(delivery_id))


# Held for as long as the claim on the deliveries themselves: another worker could do nothing before.
JOBS = (
    Job(SEND, send_delivery, hold=60),
    Job(SEND_MANY, send_deliveries, hold=60),
    Job("rescue_deliveries", rescue_deliveries, every=600),
)
