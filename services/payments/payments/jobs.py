"""The background work of payments: asking the provider about pending ones that no webhook has settled."""

from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.caller import Caller
from services.payments.checkouts.flows import FIRST_CHECK, open_at_provider
from services.payments.payments.flows import ask_provider
from services.payments.payments.repository import PaymentRepository, due_for_check
from services.payments.providers.base import ProviderRefused

CHECK = "check_payment"
_LONGEST_CHECK = timedelta(hours=12)
# What is due in a row after an outage is deferred at this rate: 100 a second, more than is settled in one.
_EVERY, _BATCH = 5, 500
_of_tenant = attrgetter("tenant_id")


async def check(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Complete what was cut off, then settle one payment by what the provider says of it."""
    await check_payment(Caller.of_job(uow), UUID(args["payment_id"]))


async def check_payment(caller: Caller, payment_id: UUID) -> str:
    """Ask the provider about a pending payment; answers as `PaymentService.apply` does.

    Raises:
        ProviderUnavailable: it does not answer; the payment stays pending.
    """
    try:
        payment = await open_at_provider(caller, payment_id)
    except ProviderRefused:
        return "applied"
    return await ask_provider(caller, payment)


async def reconcile(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have pending payments that are due looked at, each in a job of its tenant's."""
    due = await PaymentRepository(uow).due_for_check(uow.now, _BATCH)
    for payment in due:
        payment.check_at = uow.now + min(FIRST_CHECK * 2 ** min(payment.checks, 10), _LONGEST_CHECK)
        payment.checks += 1
    for tenant_id, own in groupby(sorted(due, key=_of_tenant), key=_of_tenant):
        await uow.enter_tenant(tenant_id)
        for payment in own:
            uow.defer(CHECK, key=str(payment.id), payment_id=str(payment.id))


JOBS = (
    Job(CHECK, check, in_bulk=True),
    Job("reconcile_payments", reconcile, every=_EVERY, finds=due_for_check),
)
