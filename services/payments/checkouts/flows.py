"""Starting a payment: record the intent, commit, call the provider, record the outcome.

Whatever is cut off in between is taken up by the buyer's next try or by the reconciling job: the provider is called
again with the payment's id as idempotency key, so there is never a second page for one payment.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import TenantRequired
from libs.common.failpoints import failpoint
from services.payments.caller import Caller
from services.payments.checkouts.errors import NoPaymentAccount, OrderNotPayable
from services.payments.checkouts.orders import order_for
from services.payments.checkouts.return_url import allowed_origins, check_return_url
from services.payments.checkouts.schemas import CheckoutCreate, CheckoutOut, PayableOrder
from services.payments.merchants.repository import MerchantRepository
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payment_accounts.service import PaymentAccountService
from services.payments.payments.flows import ask_provider
from services.payments.payments.models import Payment
from services.payments.payments.service import PaymentService
from services.payments.providers.base import (
    CheckoutRequest,
    Merchant,
    ProviderRefused,
    ProviderUnavailable,
    Status,
)
from services.payments.providers.registry import provider_of
from services.payments.replay import Answered, Replay

PAYABLE = "placed"
# How long a payment may be pending before the provider is asked; the interval doubles with each question.
FIRST_CHECK = timedelta(minutes=2)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:order, 0))")


async def start_checkout(caller: Caller, body: CheckoutCreate, replay: Replay) -> CheckoutOut | Answered:
    """Open a payment for an order, or give the one that is open already."""
    context = caller.context
    if caller.actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    check_return_url(body.return_url, allowed_origins(context.common, context.settings))
    order = await order_for(caller, body.order_id)
    await _settle_decided(caller, order)
    async with caller.unit_of_work() as uow:
        answered = await replay.claim(uow)
        if answered is not None:
            return answered
        payment_id = await _intend(uow, order, body)
    failpoint("payments", "checkout", "intended")
    payment = await open_at_provider(caller, payment_id)
    async with caller.unit_of_work() as uow:
        shown = _shown(payment)
        await replay.answer(uow, shown.model_dump_json().encode())
    return shown


async def _settle_decided(caller: Caller, order: PayableOrder) -> None:
    """Take in what the provider has decided of an open payment, should its webhook still be on its way.

    Otherwise a buyer who tries again after a failure would be shown the failed page once more.
    """
    async with caller.unit_of_work() as uow:
        pending = await PaymentService(uow).rows.pending(order.id)
    if pending is None or not provider_of(caller.context, pending.provider).is_online:
        return
    with suppress(ProviderRefused, ProviderUnavailable):
        await ask_provider(caller, pending)


async def open_at_provider(caller: Caller, payment_id: UUID) -> Payment:
    """Open the provider's page for an intended payment, unless that was done.

    Raises:
        ProviderRefused: it will not be opened; the payment has failed. ProviderUnavailable: not known, try again.
    """
    async with caller.unit_of_work() as uow:
        payment, merchant, request = await _prepare(uow, payment_id)
    if payment.is_open or payment.status != Status.PENDING:
        return payment
    try:
        checkout = await provider_of(caller.context, payment.provider).create_checkout(merchant, request)
    except ProviderRefused as refusal:
        async with caller.unit_of_work() as uow:
            await _locked(uow, payment_id, refusal.detail or refusal.title)
        raise
    failpoint("payments", "checkout", "opened")
    async with caller.unit_of_work() as uow:
        payment = await _locked(uow, payment_id, None)
        if not payment.redirect_url:
            payment.checkout_id = checkout.id
            payment.redirect_url = checkout.redirect_url
            payment.instructions = dict(checkout.instructions) if checkout.instructions else None
            await PaymentService(uow).rows.save(payment)
    return payment


async def _intend(uow: UnitOfWork, order: PayableOrder, body: CheckoutCreate) -> UUID:
    payments, accounts = PaymentService(uow), PaymentAccountService(uow)
    total = order.totals.total
    # Two tries at once are one payment.
    await uow.session.execute(_ONE_AT_A_TIME, {"order": f"checkout:{order.id}"})
    captured = await payments.rows.captured(order.id)
    if order.status != PAYABLE or any(p.refunded_minor < p.amount_minor for p in captured):
        raise OrderNotPayable(f"Order {order.number} is not waiting to be paid.", order_status=order.status)
    if total.amount <= 0:
        raise OrderNotPayable(f"There is nothing to pay for order {order.number}.", order_status=order.status)
    account = await accounts.for_checkout(total.currency, body.account_id)
    if account is None:
        raise NoPaymentAccount(f"No active payment account takes {total.currency}.")
    pending = await payments.rows.pending(order.id)
    if pending is not None:
        if pending.amount == total and (body.account_id is None or pending.account_id == account.id):
            return pending.id
        await payments.replace(pending)
    payment = _payment(uow, order, account, body.return_url)
    known = await MerchantRepository(uow).get()
    payment.merchant_name = known.name if known else account.name
    await payments.rows.add(payment)
    uow.audit("created", "payment", payment.id, after={"order_id": str(order.id), "amount": str(total)})
    return payment.id


def _payment(
    uow: UnitOfWork, order: PayableOrder, account: PaymentAccount, return_url: str | None
) -> Payment:
    online = provider_of(uow.context, account.provider).is_online
    return Payment(
        order_id=order.id,
        order_number=order.number,
        account_id=account.id,
        provider=account.provider,
        amount_minor=order.totals.total.amount,
        currency=order.totals.total.currency,
        email=order.email,
        customer_user_id=order.customer_user_id,
        customer_name=order.customer_name,
        return_url=return_url,
        check_at=uow.now + FIRST_CHECK if online else None,
    )


async def _prepare(uow: UnitOfWork, payment_id: UUID) -> tuple[Payment, Merchant, CheckoutRequest]:
    payment = await _locked(uow, payment_id, None)
    account = await PaymentAccountService(uow).rows.even_removed(payment.account_id)
    assert account is not None
    request = CheckoutRequest(
        idempotency_key=str(payment.id),
        reference=payment.id,
        amount=payment.amount,
        description=f"Order {payment.order_number}",
        merchant_name=payment.merchant_name,
        return_url=payment.return_url,
    )
    return payment, merchant_of(uow.context.keyring, account), request


async def _locked(uow: UnitOfWork, payment_id: UUID, refusal: str | None) -> Payment:
    """The payment, locked whoever the caller is; failed where the provider refused it."""
    payments = PaymentService(uow)
    payment = await payments.rows.locked(payment_id)
    assert payment is not None
    if refusal is not None:
        await payments.settle(payment, Status.FAILED, amount=None, reason=refusal)
    return payment


def _shown(payment: Payment) -> CheckoutOut:
    return CheckoutOut(
        payment_id=payment.id,
        provider=payment.provider,
        redirect_url=payment.redirect_url,
        instructions=payment.instructions,
        amount=payment.amount,
    )
