"""The background work of payments: asking the provider about pending ones that no webhook has settled."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.caller import Caller
from services.payments.checkouts.flows import FIRST_CHECK, open_at_provider
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentRepository
from services.payments.payments.service import PaymentService
from services.payments.providers.base import ProviderRefused, Status
from services.payments.providers.registry import provider_of

CHECK = "check_payment"
_LONGEST_CHECK = timedelta(hours=12)
_BATCH = 50


async def check(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Complete what was cut off, then settle one payment by what the provider says of it."""
    await check_payment(Caller.of_job(uow), UUID(args["payment_id"]))


async def check_payment(caller: Caller, payment_id: UUID) -> str:
    """Ask the provider about a pending payment; answers as `PaymentService.apply` does.

    Raises:
        ProviderUnavailable: it does not answer; the payment stays pending.
    """
    try:
        payment: Payment | None = await open_at_provider(caller, payment_id)
    except ProviderRefused:
        return "applied"
    assert payment is not None
    if payment.status != Status.PENDING or payment.checkout_id is None:
        return "repeated"
    async with caller.unit_of_work() as uow:
        account = await PaymentAccountRepository(uow).even_removed(payment.account_id)
        assert account is not None
        merchant = merchant_of(caller.context.keyring, account)
    state = await provider_of(caller.context, payment.provider).fetch(merchant, payment.checkout_id)
    async with caller.unit_of_work() as uow:
        service = PaymentService(uow)
        payment = await service.rows.get(payment_id, lock=True)
        assert payment is not None
        return await service.settle(
            payment,
            state.status,
            amount=state.amount,
            provider_payment_id=state.payment_id,
            reason=state.reason,
        )


async def reconcile(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Have pending payments that are due looked at, each in a job of its tenant's."""
    due = await PaymentRepository(uow).due_for_check(uow.now, _BATCH)
    for payment in due:
        payment.check_at = uow.now + min(FIRST_CHECK * 2 ** min(payment.checks, 10), _LONGEST_CHECK)
        payment.checks += 1
    for payment in due:
        await uow.enter_tenant(payment.tenant_id)
        uow.defer(CHECK, key=str(payment.id), payment_id=str(payment.id))


JOBS = (Job(CHECK, check), Job("reconcile_payments", reconcile, every=30))
