"""The background work of refunds: sending those that events caused, and taking up those that were cut off."""

from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.caller import Caller
from services.payments.refunds.flows import send_refund
from services.payments.refunds.repository import RefundRepository, due_for_check
from services.payments.refunds.schedule import SEND, next_check

# What is due in a row after an outage is deferred at this rate: 100 a second, more than is settled in one.
_EVERY, _BATCH = 5, 500
_of_tenant = attrgetter("tenant_id")


async def send(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Send one refund. The flow commits on its own; nothing of it is in the job's transaction."""
    await send_refund(Caller.of_job(uow), UUID(args["refund_id"]))


async def reconcile(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have pending refunds that are due looked at, each in a job of its tenant's."""
    due = await RefundRepository(uow).due_for_check(uow.now, _BATCH)
    for refund in due:
        refund.check_at = uow.now + next_check(refund.checks)
        refund.checks += 1
    for tenant_id, own in groupby(sorted(due, key=_of_tenant), key=_of_tenant):
        await uow.enter_tenant(tenant_id)
        for refund in own:
            uow.defer(SEND, key=str(refund.id), refund_id=str(refund.id))


JOBS = (Job(SEND, send), Job("reconcile_refunds", reconcile, every=_EVERY, finds=due_for_check))
