"""Settling a payment by what its provider says of it, with no transaction open during the call."""

from services.payments.caller import Caller
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.payments.models import Payment
from services.payments.payments.service import PaymentService
from services.payments.providers.base import Status
from services.payments.providers.registry import provider_of


async def ask_provider(caller: Caller, payment: Payment) -> str:
    """Ask about a payment that was opened and is pending; answers as `PaymentService.settle` does.

    Raises:
        ProviderRefused, ProviderUnavailable: it does not say; the payment stays pending.
    """
    if payment.status != Status.PENDING or payment.checkout_id is None:
        return "repeated"
    async with caller.unit_of_work() as uow:
        account = await PaymentAccountRepository(uow).even_removed(payment.account_id)
        assert account is not None
        merchant = merchant_of(caller.context.keyring, account)
    state = await provider_of(caller.context, payment.provider).fetch(merchant, payment.checkout_id)
    if state.status is Status.PENDING:
        return "repeated"
    async with caller.unit_of_work() as uow:
        service = PaymentService(uow)
        locked = await service.rows.locked(payment.id)
        assert locked is not None
        return await service.settle(
            locked,
            state.status,
            amount=state.amount,
            provider_payment_id=state.payment_id,
            reason=state.reason,
        )
