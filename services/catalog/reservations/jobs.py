"""The timed work of reservations."""

from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.catalog.reservations.repository import ReservationRepository
from services.catalog.reservations.service import ReservationService

# Orders expires an order itself first; so much later its hold is stale whatever became of that.
GRACE = timedelta(minutes=10)
TENANTS_PER_RUN = 50
RESERVATIONS_PER_TENANT = 200


async def release_stale_reservations(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Free stock that is still reserved long after its time, in bounded batches."""
    before = uow.now - GRACE
    for tenant_id in await ReservationRepository(uow).tenants_due(before, TENANTS_PER_RUN):
        await uow.enter_tenant(tenant_id)
        await ReservationService(uow).release_stale(before, RESERVATIONS_PER_TENANT)
