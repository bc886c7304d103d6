"""Starting a payment: record the intent, commit, call the provider, record the outcome.

Whatever is cut off in between is taken up by the buyer's next try or by the reconciling job: the provider is called
again with the payment's id as idempotency key, so there is never a second page for one payment.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import TenantRequired
from libs.common.failpoints import failpoint
from libs.common.ids import new_id
from services.payments.caller import Caller
from services.payments.checkouts.errors import NoPaymentAccount, OrderNotPayable
from services.payments.checkouts.orders import order_for
from services.payments.checkouts.repository import Standing
from services.payments.checkouts.return_url import allowed_origins, check_return_url
from services.payments.checkouts.schemas import CheckoutCreate, CheckoutOut, PayableOrder
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.payment_accounts.service import PaymentAccountService
from services.payments.payments.flows import ask_provider
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentRepository
from services.payments.payments.service import PaymentService
from services.payments.providers.base import (
    Checkout,
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


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment whose page is to be opened at its provider, and what the provider is asked for."""

    payment: Payment
    merchant: Merchant
    request: CheckoutRequest


class _Undecided(Exception):
    """A payment of the order is open at its provider; raised so that nothing is kept until the provider was asked."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(payment.id)
        self.payment = payment


async def start_checkout(caller: Caller, body: CheckoutCreate, replay: Replay) -> CheckoutOut | Answered:
    """Open a payment for an order, or give the one that is open already."""
    context = caller.context
    if caller.actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    check_return_url(body.return_url, allowed_origins(context.common, context.settings))
    order = await order_for(caller, body.order_id)
    try:
        intent = await _intend(caller, order, body, replay)
    except _Undecided as undecided:
        # Its webhook may be on its way: a buyer who tries again after a failure would be shown the failed page once more.
        with suppress(ProviderRefused, ProviderUnavailable):
            await ask_provider(caller, undecided.payment)
        intent = await _intend(caller, order, body, replay, was_asked=True)
    if not isinstance(intent, Intent):
        return intent
    failpoint("payments", "checkout", "intended")
    checkout = await _call(caller, intent)
    async with caller.unit_of_work() as uow:
        return await _answer(uow, replay, await _record(uow, intent, checkout))


async def open_at_provider(caller: Caller, payment_id: UUID) -> Payment:
    """Open the provider's page for an intended payment, unless that was done.

    Raises:
        ProviderRefused: it will not be opened; the payment has failed. ProviderUnavailable: not known, try again.
    """
    async with caller.unit_of_work() as uow:
        payment = await _locked(uow, payment_id)
        if payment.is_open or payment.status != Status.PENDING:
            return payment
        intent = await _resumed(uow, payment)
    checkout = await _call(caller, intent)
    async with caller.unit_of_work() as uow:
        return await _record(uow, intent, checkout)


async def _intend(
    caller: Caller, order: PayableOrder, body: CheckoutCreate, replay: Replay, *, was_asked: bool = False
) -> Intent | CheckoutOut | Answered:
    total = order.totals.total
    async with caller.unit_of_work() as uow:
        # Two tries at once are one payment.
        reading = Standing.reading(uow, order.id, total.currency)
        answered, rows = await replay.claim_and_read(uow, *reading)
        if answered is not None:
            return answered
        standing = Standing.of(rows)
        pending = standing.pending
        if pending is not None and pending.is_open and not was_asked and _is_online(uow, pending):
            raise _Undecided(pending)
        _check_payable(order, standing)
        account = PaymentAccountService(uow).for_checkout(standing.accounts, body.account_id)
        if account is None:
            raise NoPaymentAccount(f"No active payment account takes {total.currency}.")
        if pending is not None:
            if pending.amount == total and (body.account_id is None or pending.account_id == account.id):
                if pending.is_open:
                    return await _answer(uow, replay, pending)
                return await _resumed(uow, pending)
            await PaymentService(uow).replace(pending)
        payment = _payment(uow, order, account, body.return_url)
        payment.merchant_name = standing.merchant_name or account.name
        await PaymentRepository(uow).add(payment)
        uow.audit("created", "payment", payment.id, after={"order_id": str(order.id), "amount": str(total)})
        return _intent_of(uow, payment, account)


def _check_payable(order: PayableOrder, standing: Standing) -> None:
    if order.status != PAYABLE or standing.is_paid:
        raise OrderNotPayable(f"Order {order.number} is not waiting to be paid.", order_status=order.status)
    if order.totals.total.amount <= 0:
        raise OrderNotPayable(f"There is nothing to pay for order {order.number}.", order_status=order.status)


def _is_online(uow: UnitOfWork, row: Payment | PaymentAccount) -> bool:
    return provider_of(uow.context, row.provider).is_online


def _payment(
    uow: UnitOfWork, order: PayableOrder, account: PaymentAccount, return_url: str | None
) -> Payment:
    return unsaved(
        Payment,
        id=new_id(),
        order_id=order.id,
        order_number=order.number,
        account_id=account.id,
        provider=account.provider,
        status=Status.PENDING.value,
        amount_minor=order.totals.total.amount,
        currency=order.totals.total.currency,
        refunded_minor=0,
        email=order.email,
        customer_user_id=order.customer_user_id,
        customer_name=order.customer_name,
        return_url=return_url,
        check_at=uow.now + FIRST_CHECK if _is_online(uow, account) else None,
        checks=0,
    )


def _intent_of(uow: UnitOfWork, payment: Payment, account: PaymentAccount) -> Intent:
    request = CheckoutRequest(
        idempotency_key=str(payment.id),
        reference=payment.id,
        amount=payment.amount,
        description=f"Order {payment.order_number}",
        merchant_name=payment.merchant_name,
        return_url=payment.return_url,
    )
    return Intent(payment, merchant_of(uow.context.keyring, account), request)


async def _resumed(uow: UnitOfWork, payment: Payment) -> Intent:
    """The intent of a payment that was cut off before its page was known."""
    account = await PaymentAccountRepository(uow).even_removed(payment.account_id)
    assert account is not None
    return _intent_of(uow, payment, account)


async def _call(caller: Caller, intent: Intent) -> Checkout:
    """Have the page opened; where the provider refuses, the payment has failed."""
    provider = provider_of(caller.context, intent.payment.provider)
    try:
        checkout = await provider.create_checkout(intent.merchant, intent.request)
    except ProviderRefused as refusal:
        async with caller.unit_of_work() as uow:
            payment = await _locked(uow, intent.payment.id)
            reason = refusal.detail or refusal.title
            await PaymentService(uow).settle(payment, Status.FAILED, amount=None, reason=reason)
        raise
    failpoint("payments", "checkout", "opened")
    return checkout


async def _record(uow: UnitOfWork, intent: Intent, checkout: Checkout) -> Payment:
    payment = await PaymentRepository(uow).open(intent.payment.id, checkout)
    assert payment is not None
    return payment


async def _locked(uow: UnitOfWork, payment_id: UUID) -> Payment:
    payment = await PaymentRepository(uow).locked(payment_id)
    assert payment is not None
    return payment


async def _answer(uow: UnitOfWork, replay: Replay, payment: Payment) -> CheckoutOut:
    shown = _shown(payment)
    await replay.answer(uow, shown.model_dump_json().encode())
    return shown


def _shown(payment: Payment) -> CheckoutOut:
    return CheckoutOut(
        payment_id=payment.id,
        provider=payment.provider,
        redirect_url=payment.redirect_url,
        instructions=payment.instructions,
        amount=payment.amount,
    )
