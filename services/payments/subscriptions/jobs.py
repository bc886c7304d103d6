"""The timed work on subscriptions: a sweep finds those of which something is due, a job of its tenant's moves each."""

from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.merchants.repository import MerchantRepository
from services.payments.subscriptions.life import SubscriptionLife, defer_advance
from services.payments.subscriptions.repository import SubscriptionRepository, due
from services.payments.subscriptions.schedule import ADVANCE

_BATCH = 500
_of_tenant = attrgetter("tenant_id")


async def sweep(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have each subscription of which something is due moved. Two sweeps at once take different ones."""
    found = await SubscriptionRepository(uow).due(uow.now, _BATCH)
    for tenant_id, own in groupby(sorted(found, key=_of_tenant), key=_of_tenant):
        await uow.enter_tenant(tenant_id)
        for one in own:
            defer_advance(uow, one)


async def advance(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Do what is due of one subscription; where more is than one transaction takes, a job of its own goes on.

    While its business may not trade nothing is due; what fell due meanwhile follows when it may again.
    """
    merchant = await MerchantRepository(uow).get()
    if merchant is not None and merchant.is_stopped:
        return
    behind = await SubscriptionLife(uow).catch_up(UUID(args["subscription_id"]))
    if behind is not None:
        defer_advance(uow, behind)


JOBS = (Job("sweep_subscriptions", sweep, every=15, finds=due), Job(ADVANCE, advance, in_bulk=True))
