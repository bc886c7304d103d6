"""Giving money back: record the intent, commit, call the provider, record the outcome."""

from uuid import UUID

from libs.common.failpoints import failpoint
from services.payments.caller import Caller
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.providers.base import (
    Merchant,
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    RefundRequest,
    RefundState,
    Status,
)
from services.payments.providers.registry import provider_of
from services.payments.refunds.models import Refund
from services.payments.refunds.schemas import RefundCreate, RefundOut
from services.payments.refunds.service import RefundService
from services.payments.replay import Answered, Replay


async def refund_payment(
    caller: Caller, payment_id: UUID, body: RefundCreate, replay: Replay
) -> RefundOut | Answered:
    """Give back a payment or a part of it. Where the provider does not answer, the refund stays pending."""
    async with caller.unit_of_work() as uow:
        answered = await replay.claim(uow)
        if answered is not None:
            return answered
        refund = await RefundService(uow).intend(payment_id, body.amount, body.reason, replay.request_key)
        refund_id = refund.id
    failpoint("payments", "refund", "intended")
    try:
        refund = await send_refund(caller, refund_id)
    except ProviderUnavailable:
        # The reconciling job goes on from here; the money is spoken for, so the answer is a pending refund.
        async with caller.unit_of_work() as uow:
            refund = await RefundService(uow).get(refund_id)
    async with caller.unit_of_work() as uow:
        shown = RefundOut.model_validate(refund)
        await replay.answer(uow, shown.model_dump_json().encode())
    return shown


async def send_refund(caller: Caller, refund_id: UUID, *, ask_first: bool = False) -> Refund:
    """Have the provider give the money back, unless it has; `ask_first` reads before it repeats.

    Raises:
        ProviderUnavailable: whether it did is not known; try again.
    """
    async with caller.unit_of_work() as uow:
        service = RefundService(uow)
        refund = await service.get(refund_id)
        if refund.status != Status.PENDING:
            return refund
        payment = await service.rows.payment(refund.payment_id, lock=False)
        assert payment is not None
        assert payment.checkout_id is not None
        account = await PaymentAccountRepository(uow).even_removed(payment.account_id)
        assert account is not None
        merchant = merchant_of(caller.context.keyring, account)
        provider = provider_of(caller.context, payment.provider)
        request = RefundRequest(
            idempotency_key=str(refund.id),
            reference=refund.id,
            checkout_id=payment.checkout_id,
            payment_id=payment.provider_payment_id,
            amount=refund.amount,
            reason=refund.reason,
        )
    state = await _known(provider, merchant, request) if ask_first else None
    if state is None:
        try:
            state = await provider.refund(merchant, request)
        except ProviderRefused as refusal:
            state = RefundState(id="", status=Status.FAILED, reason=refusal.detail or refusal.title)
    failpoint("payments", "refund", "sent")
    async with caller.unit_of_work() as uow:
        service = RefundService(uow)
        await service.settle(refund_id, state)
        return await service.get(refund_id)


async def _known(provider: PaymentProvider, merchant: Merchant, request: RefundRequest) -> RefundState | None:
    """The refund as the provider has it already, or None; money is never sent twice for want of a look."""
    state = await provider.fetch(merchant, request.checkout_id)
    return next((refund for refund in state.refunds if refund.reference == request.reference), None)
