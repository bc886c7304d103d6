"""The timed work on subscriptions: a sweep finds those of which something is due, a job of its tenant's moves each."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.merchants.repository import MerchantRepository
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.repository import SubscriptionRepository, due

ADVANCE = "advance_subscription"
_BATCH = 500
# One whose job was given up is found again after so long.
AGAIN = timedelta(minutes=10)


async def sweep(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have each subscription of which something is due moved. Two sweeps at once take different ones."""
    found = await SubscriptionRepository(uow).due(uow.now, _BATCH)
    for one in found:
        one.due_at = uow.now + AGAIN
    for one in found:
        await uow.enter_tenant(one.tenant_id)
        uow.defer(ADVANCE, key=str(one.id), subscription_id=str(one.id))


async def advance(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Do what is due of one subscription; where more is than one transaction takes, the next sweep finds it.

    While its business may not trade nothing is due; what fell due meanwhile follows when it may again.
    """
    merchant = await MerchantRepository(uow).get()
    if merchant is not None and merchant.is_stopped:
        return
    row = await SubscriptionRepository(uow).locked(UUID(args["subscription_id"]))
    if row is not None and row.deleted_at is None:
        await SubscriptionLife(uow).advance(row)


JOBS = (Job("sweep_subscriptions", sweep, every=15, finds=due), Job(ADVANCE, advance))
