"""The rules of refunds: never more than was captured, each counted once, whoever reports it first."""

from uuid import UUID

from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.resource import ResourceService
from libs.contracts.payments import RefundFailed, RefundSucceeded
from services.payments.credit_notes.service import CreditNoteService
from services.payments.ledger.service import LedgerService
from services.payments.payments.models import Payment
from services.payments.payments.postings import of_refund
from services.payments.payments.repository import PaymentRepository
from services.payments.providers.base import Notice, RefundState, Status
from services.payments.providers.registry import provider_of
from services.payments.refunds.errors import PaymentNotRefundable, RefundExceedsPayment
from services.payments.refunds.models import Refund
from services.payments.refunds.repository import Asked, RefundRepository, Settling
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
        self, asked: Asked | None, amount: Money | None, reason: str, request_key: str | None
    ) -> Refund:
        """Record that money is to be given back; without an amount, all that is left.

        Raises:
            NotFound: there is no such payment. PaymentNotRefundable, RefundExceedsPayment: it is not possible.
        """
        if asked is None:
            raise NotFound("There is no such payment.", resource="payment")
        if asked.known is not None:
            return asked.known
        left = _left(asked)
        if left.amount <= 0:
            raise PaymentNotRefundable(
                "Nothing of this payment can be given back.", current_status=asked.payment.status
            )
        wanted = amount or left
        if wanted.currency != left.currency or wanted.amount > left.amount:
            raise RefundExceedsPayment(f"{left} is left of the payment.", refundable=left.model_dump())
        return await self._add(asked.payment, wanted, reason, request_key=request_key)

    async def give_back(self, payment_id: UUID, reason: str, cause: str) -> Refund | None:
        """Record that all that is left of a payment is to be given back because of an event, and have it sent.

        None where nothing is left, or this event has been followed already.
        """
        asked = await self.rows.ask(payment_id, cause=cause)
        if asked is None or asked.known is not None:
            return None
        left = _left(asked)
        if left.amount <= 0:
            return None
        refund = await self._add(asked.payment, left, reason, cause=cause)
        self.uow.defer(SEND, key=str(refund.id), refund_id=str(refund.id))
        return refund

    async def apply(self, account_id: UUID, notice: Notice) -> str:
        """Settle a refund by a webhook; answers as `PaymentService.apply` does."""
        if notice.reference is None:
            return "unknown"
        found = await self.rows.settling(notice.reference)
        if found is None:
            return "unknown"
        if found.payment.account_id != account_id:
            return "suspicious"
        if notice.amount is not None and notice.amount != found.refund.amount:
            return "suspicious"
        state = RefundState(id=notice.object_id or "", status=notice.status, reason=notice.reason)
        return await self._settle(found, state)

    async def settle(self, refund_id: UUID, state: RefundState) -> Refund:
        """Bring a refund to what the provider says of it; success counts once, even after a failure, and is never undone."""
        found = await self._found(refund_id)
        await self._settle(found, state)
        return found.refund

    async def complete(self, refund_id: UUID) -> Refund:
        """Confirm that a person has sent the money of a manual payment back.

        Raises:
            InvalidTransition: the provider does it by itself, or the refund is settled.
        """
        found = await self._found(refund_id)
        payment, refund, _ = found
        if provider_of(self.uow.context, payment.provider).is_online:
            raise InvalidTransition(f"{payment.provider} reports its refunds by itself.")
        if await self._settle(found, RefundState(id="", status=Status.SUCCEEDED)) != "applied":
            raise InvalidTransition(f"The refund is {refund.status}.", current_status=refund.status)
        self.uow.tag(refund.version)
        return refund

    async def _found(self, refund_id: UUID) -> Settling:
        found = await self.rows.settling(refund_id)
        if found is None:
            raise NotFound("There is no such refund.", resource=self.noun)
        return found

    async def _settle(self, found: Settling, state: RefundState) -> str:
        refund = found.refund
        if refund.status == Status.FAILED and state.status is Status.SUCCEEDED:
            return await self._succeed_after_all(found, state)
        if refund.status != Status.PENDING:
            return "repeated"
        refund.provider_refund_id = state.id or refund.provider_refund_id
        if state.status is Status.SUCCEEDED:
            await self._succeed(found)
        elif state.status in (Status.FAILED, Status.CANCELLED):
            await self._fail(refund, state.reason or "The provider refused it.")
        else:
            await self.rows.save(refund)
            return "repeated"
        return "applied"

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
            unsaved(
                Refund,
                id=new_id(),
                payment_id=payment.id,
                order_id=payment.order_id,
                status=Status.PENDING.value,
                amount_minor=amount.amount,
                currency=amount.currency,
                reason=reason,
                failure_reason=None,
                request_key=request_key,
                cause=cause,
                provider_refund_id=None,
                credit_note_id=None,
                succeeded_at=None,
                check_at=self.uow.now + FIRST_CHECK if online else None,
                checks=0,
            )
        )
        self._record("created", refund, None)
        return refund

    async def _succeed_after_all(self, found: Settling, state: RefundState) -> str:
        """The money was given back though the refund had failed here: it counts, unless it was promised again meanwhile."""
        payment, refund, _ = found
        asked = await self.rows.ask(payment.id)
        assert asked is not None
        if refund.amount_minor > _left(asked).amount:
            payment.suspicion = f"the provider gave back {refund.amount} by a refund that had failed"
            await PaymentRepository(self.uow).save(payment)
            self.uow.audit("suspected", self.noun, refund.id, after={"suspicion": payment.suspicion})
            return "suspicious"
        refund.provider_refund_id = state.id or refund.provider_refund_id
        await self._succeed(found)
        return "applied"

    async def _succeed(self, found: Settling) -> None:
        payment, refund, invoice = found
        payment.refunded_minor += refund.amount_minor
        await PaymentRepository(self.uow).save(payment)
        refund.status = Status.SUCCEEDED.value
        refund.succeeded_at = self.uow.now
        refund.failure_reason = refund.check_at = None
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
        await CreditNoteService(self.uow).issue_for(refund, invoice)
        await self.rows.save(refund)
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


def _left(asked: Asked) -> Money:
    payment = asked.payment
    if payment.status != Status.SUCCEEDED:
        return Money(amount=0, currency=payment.currency)
    left = payment.amount_minor - payment.refunded_minor - asked.under_way
    return Money(amount=left, currency=payment.currency)
