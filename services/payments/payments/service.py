"""The rules of payments: how the word of a provider settles one, once."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition
from libs.common.money import Money
from libs.common.resource import ResourceService
from libs.contracts.payments import PaymentFailed, PaymentSucceeded
from services.payments.ledger.service import LedgerService
from services.payments.payments.models import Payment
from services.payments.payments.postings import of_payment
from services.payments.payments.repository import PaymentRepository
from services.payments.providers.base import ManualOnly, Notice, Status
from services.payments.providers.registry import provider_of


class PaymentService(ResourceService[Payment]):
    """Payments of orders."""

    repository = PaymentRepository
    noun = "payment"
    rows: PaymentRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.ledger = LedgerService(uow)

    async def apply(self, account_id: UUID, notice: Notice) -> str:
        """Settle a payment by a provider's word and say what came of it.

        Returns `applied`, `repeated` (nothing new), `unknown` (no such payment) or `suspicious` (kept, not applied).
        """
        payment = await self.rows.for_notice(account_id, notice.reference, notice.checkout_id)
        if payment is None:
            return "unknown"
        if payment.checkout_id is None:
            # The word came before the answer to our own call was recorded.
            payment.checkout_id = notice.checkout_id
        elif notice.checkout_id is not None and notice.checkout_id != payment.checkout_id:
            return await self._suspect(payment, "the provider named another checkout")
        return await self.settle(
            payment,
            notice.status,
            amount=notice.amount,
            provider_payment_id=notice.object_id,
            reason=notice.reason,
        )

    async def settle(
        self,
        payment: Payment,
        status: Status,
        *,
        amount: Money | None,
        provider_payment_id: str | None = None,
        reason: str | None = None,
    ) -> str:
        """Bring a locked payment to what the provider says of it; see `apply` for the answers.

        Success always counts, even after a failure (a buyer may try again on the same page); nothing undoes it.
        """
        if status is Status.PENDING or payment.status == status:
            return "repeated"
        if status is Status.SUCCEEDED:
            if amount != payment.amount:
                return await self._suspect(payment, f"the provider reported {amount}, not {payment.amount}")
            await self._succeed(payment, provider_payment_id)
            return "applied"
        if payment.status != Status.PENDING:
            return "repeated"
        await self._fail(payment, status, reason or f"The payment was {status.value}.")
        return "applied"

    async def capture(self, payment_id: UUID, note: str | None) -> Payment:
        """Confirm that the money of a manual payment has arrived.

        Raises:
            InvalidTransition: the provider reports by itself, or the payment is settled.
        """
        payment = await self.get(payment_id, lock=True)
        if provider_of(self.uow.context, payment.provider).is_online:
            raise InvalidTransition(f"{payment.provider} reports its payments by itself.")
        if payment.status == Status.SUCCEEDED:
            raise InvalidTransition("The payment has been captured.", current_status=payment.status)
        await self.settle(payment, Status.SUCCEEDED, amount=payment.amount, provider_payment_id=note)
        return payment

    async def void(self, payment_id: UUID, reason: str | None) -> Payment:
        """Give up a pending manual payment.

        Raises:
            ManualOnly: the buyer may still pay at the provider. InvalidTransition: it is settled.
        """
        payment = await self.get(payment_id, lock=True)
        if provider_of(self.uow.context, payment.provider).is_online:
            raise ManualOnly("The buyer may still pay at the provider; it ends there.")
        if payment.status != Status.PENDING:
            raise InvalidTransition(f"The payment is {payment.status}.", current_status=payment.status)
        await self.settle(payment, Status.CANCELLED, amount=None, reason=reason or "Given up.")
        return payment

    async def replace(self, payment: Payment) -> None:
        """Set a locked pending payment aside for another one of its order; nobody is told of a failure."""
        before, payment.status = payment.status, Status.CANCELLED.value
        payment.failure_reason = "Replaced by another payment."
        payment.check_at = None
        await self.rows.save(payment)
        self._record_status(payment, before)

    async def _succeed(self, payment: Payment, provider_payment_id: str | None) -> None:
        before = payment.status
        payment.status = Status.SUCCEEDED.value
        payment.succeeded_at = self.uow.now
        payment.provider_payment_id = provider_payment_id
        payment.failure_reason = payment.check_at = None
        await self.rows.save(payment)
        self.ledger.post(
            "payment",
            payment.id,
            f"Payment of order {payment.order_number}",
            of_payment(payment.provider, payment.amount),
        )
        self.uow.emit(
            PaymentSucceeded(
                payment_id=payment.id,
                order_id=payment.order_id,
                amount=payment.amount,
                provider=payment.provider,
                succeeded_at=self.uow.now,
            )
        )
        self._record_status(payment, before)

    async def _fail(self, payment: Payment, status: Status, reason: str) -> None:
        before = payment.status
        payment.status = status.value
        payment.failure_reason = reason
        payment.check_at = None
        await self.rows.save(payment)
        self.uow.emit(
            PaymentFailed(
                payment_id=payment.id,
                order_id=payment.order_id,
                amount=payment.amount,
                provider=payment.provider,
                reason=reason,
            )
        )
        self._record_status(payment, before)

    async def _suspect(self, payment: Payment, why: str) -> str:
        payment.suspicion = why
        await self.rows.save(payment)
        self.uow.audit("suspected", self.noun, payment.id, after={"suspicion": why})
        return "suspicious"

    def _record_status(self, payment: Payment, before: str) -> None:
        self.uow.audit(
            payment.status,
            self.noun,
            payment.id,
            before={"status": before},
            after={"status": payment.status, "order_id": str(payment.order_id)},
        )
