"""The rules of refunds: never more than was captured, each counted once, whoever reports it first."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.money import Money
from libs.common.resource import ResourceService
from libs.contracts.payments import RefundFailed, RefundSucceeded
from services.payments.credit_notes.service import CreditNoteService
from services.payments.ledger.service import LedgerService
from services.payments.payments.models import Payment
from services.payments.payments.postings import of_refund
from services.payments.providers.base import Notice, RefundState, Status
from services.payments.providers.registry import provider_of
from services.payments.refunds.errors import PaymentNotRefundable, RefundExceedsPayment
from services.payments.refunds.models import Refund
from services.payments.refunds.repository import RefundRepository
from services.payments.refunds.schedule import FIRST_CHECK, SEND


class RefundService(ResourceService[Refund]):
    """Refunds of payments."""

    repository = RefundRepository
    noun = "refund"
    rows: RefundRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.ledger = LedgerService(uow)

    async def intend(
        self, payment_id: UUID, amount: Money | None, reason: str, request_key: str | None
    ) -> Refund:
        """Record that money is to be given back; without an amount, all that is left.

        Raises:
            NotFound: there is no such payment. PaymentNotRefundable, RefundExceedsPayment: it is not possible.
        """
        payment = await self.rows.payment(payment_id)
        if payment is None:
            raise NotFound("There is no such payment.", resource="payment")
        if request_key is not None:
            known = await self.rows.find(Refund.request_key == request_key)
            if known is not None:
                return known
        left = await self._left(payment)
        if left.amount <= 0:
            raise PaymentNotRefundable(
                "Nothing of this payment can be given back.", current_status=payment.status
            )
        wanted = amount or left
        if wanted.currency != left.currency or wanted.amount > left.amount:
            raise RefundExceedsPayment(f"{left} is left of the payment.", refundable=left.model_dump())
        return await self._add(payment, wanted, reason, request_key=request_key)

    async def give_back(self, payment_id: UUID, reason: str, cause: str) -> Refund | None:
        """Record that all that is left of a payment is to be given back because of an event, and have it sent.

        None where nothing is left, or this event has been followed already.
        """
        payment = await self.rows.payment(payment_id)
        if payment is None or await self.rows.find(Refund.cause == cause) is not None:
            return None
        left = await self._left(payment)
        if left.amount <= 0:
            return None
        refund = await self._add(payment, left, reason, cause=cause)
        self.uow.defer(SEND, key=str(refund.id), refund_id=str(refund.id))
        return refund

    async def apply(self, account_id: UUID, notice: Notice) -> str:
        """Settle a refund by a webhook; answers as `PaymentService.apply` does."""
        if notice.reference is None:
            return "unknown"
        refund = await self.rows.get(notice.reference)
        if refund is None:
            return "unknown"
        payment = await self.rows.payment(refund.payment_id)
        if payment is None or payment.account_id != account_id:
            return "suspicious"
        if notice.amount is not None and notice.amount != refund.amount:
            return "suspicious"
        state = RefundState(id=notice.object_id or "", status=notice.status, reason=notice.reason)
        return await self.settle(refund.id, state)

    async def settle(self, refund_id: UUID, state: RefundState) -> str:
        """Bring a refund to what the provider says of it; success counts once and is never undone."""
        found = await self.get(refund_id)
        payment = await self.rows.payment(found.payment_id)
        refund = await self.get(refund_id, lock=True)
        assert payment is not None
        if refund.status != Status.PENDING:
            return "repeated"
        refund.provider_refund_id = state.id or refund.provider_refund_id
        if state.status is Status.SUCCEEDED:
            await self._succeed(payment, refund)
        elif state.status in (Status.FAILED, Status.CANCELLED):
            await self._fail(refund, state.reason or "The provider refused it.")
        else:
            await self.rows.save(refund)
            return "repeated"
        return "applied"

    async def complete(self, refund_id: UUID) -> Refund:
        """Confirm that a person has sent the money of a manual payment back.

        Raises:
            InvalidTransition: the provider does it by itself, or the refund is settled.
        """
        refund = await self.get(refund_id)
        payment = await self.rows.payment(refund.payment_id)
        assert payment is not None
        if provider_of(self.uow.context, payment.provider).is_online:
            raise InvalidTransition(f"{payment.provider} reports its refunds by itself.")
        if await self.settle(refund_id, RefundState(id="", status=Status.SUCCEEDED)) != "applied":
            raise InvalidTransition(f"The refund is {refund.status}.", current_status=refund.status)
        return await self.get(refund_id)

    async def _left(self, payment: Payment) -> Money:
        if payment.status != Status.SUCCEEDED:
            return Money(amount=0, currency=payment.currency)
        under_way = await self.rows.pending_total(payment.id)
        return Money(
            amount=payment.amount_minor - payment.refunded_minor - under_way, currency=payment.currency
        )

    async def _add(
        self,
        payment: Payment,
        amount: Money,
        reason: str,
        *,
        request_key: str | None = None,
        cause: str | None = None,
    ) -> Refund:
        online = provider_of(self.uow.context, payment.provider).is_online
        refund = await self.rows.add(
            Refund(
                payment_id=payment.id,
                order_id=payment.order_id,
                amount_minor=amount.amount,
                currency=amount.currency,
                reason=reason,
                request_key=request_key,
                cause=cause,
                check_at=self.uow.now + FIRST_CHECK if online else None,
            )
        )
        self._record("created", refund, None)
        return refund

    async def _succeed(self, payment: Payment, refund: Refund) -> None:
        payment.refunded_minor += refund.amount_minor
        refund.status = Status.SUCCEEDED.value
        refund.succeeded_at = self.uow.now
        refund.check_at = None
        payment.version += 1
        payment.updated_at = self.uow.now
        self.ledger.post(
            "refund",
            refund.id,
            f"Refund of order {payment.order_number}",
            of_refund(payment.provider, refund.amount),
        )
        self.uow.emit(
            RefundSucceeded(
                refund_id=refund.id,
                payment_id=payment.id,
                order_id=payment.order_id,
                amount=refund.amount,
                refunded_total=payment.refunded,
                payment_amount=payment.amount,
                reason=refund.reason,
                succeeded_at=self.uow.now,
            )
        )
        await self.rows.save(refund)
        await CreditNoteService(self.uow).issue_for(refund)
        self.uow.audit("succeeded", self.noun, refund.id, after={"amount": str(refund.amount)})

    async def _fail(self, refund: Refund, reason: str) -> None:
        refund.status = Status.FAILED.value
        refund.failure_reason = reason
        refund.check_at = None
        await self.rows.save(refund)
        self.uow.emit(
            RefundFailed(
                refund_id=refund.id,
                payment_id=refund.payment_id,
                order_id=refund.order_id,
                amount=refund.amount,
                reason=reason,
            )
        )
        self.uow.audit("failed", self.noun, refund.id, after={"reason": reason})
