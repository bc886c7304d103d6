"""Giving money back: record the intent, commit, call the provider, record the outcome."""

from contextlib import suppress
from uuid import UUID

from libs.common.failpoints import failpoint
from services.payments.caller import Caller
from services.payments.payment_accounts.credentials import merchant_of
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
from services.payments.refunds.repository import RefundRepository, Sent
from services.payments.refunds.schemas import RefundCreate, RefundOut
from services.payments.refunds.service import RefundService
from services.payments.replay import Answered, Replay


async def refund_payment(
    caller: Caller, payment_id: UUID, body: RefundCreate, replay: Replay
) -> RefundOut | Answered:
    """Give back a payment or a part of it. Where the provider does not answer, the refund stays pending."""
    async with caller.unit_of_work() as uow:
        service = RefundService(uow)
        asking = service.rows.asking(payment_id, request_key=replay.request_key)
        answered, read = await replay.claim_and_read(uow, *asking)
        if answered is not None:
            return answered
        asked = service.rows.asked(*read)
        refund = await service.intend(asked, body.amount, body.reason, replay.request_key)
    failpoint("payments", "refund", "intended")
    assert asked is not None
    state = None
    if refund.status == Status.PENDING:
        # Where it does not answer, the reconciling job goes on; the money is spoken for, so the refund is pending.
        with suppress(ProviderUnavailable):
            state = await _send(caller, Sent(refund, asked.payment, asked.account))
    async with caller.unit_of_work() as uow:
        service = RefundService(uow)
        refund = await (service.settle(refund.id, state) if state else service.get(refund.id))
        shown = RefundOut.model_validate(refund)
        await replay.answer(uow, shown.model_dump_json().encode())
    return shown


async def send_refund(caller: Caller, refund_id: UUID) -> None:
    """Have the provider give the money back, unless it has.

    Raises:
        ProviderUnavailable: whether it did is not known; try again.
    """
    async with caller.unit_of_work() as uow:
        sent = await RefundRepository(uow).sent(refund_id)
    assert sent is not None
    if sent.refund.status != Status.PENDING:
        return
    state = await _send(caller, sent, ask_first=True)
    async with caller.unit_of_work() as uow:
        await RefundService(uow).settle(refund_id, state)


async def _send(caller: Caller, sent: Sent, *, ask_first: bool = False) -> RefundState:
    """What the provider says of a refund once it was asked for it; `ask_first` reads before it repeats."""
    refund, payment, account = sent
    assert payment.checkout_id is not None
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
    return state


async def _known(provider: PaymentProvider, merchant: Merchant, request: RefundRequest) -> RefundState | None:
    """The refund as the provider has it already, or None; money is never sent twice for want of a look."""
    state = await provider.fetch(merchant, request.checkout_id)
    return next((refund for refund in state.refunds if refund.reference == request.reference), None)
