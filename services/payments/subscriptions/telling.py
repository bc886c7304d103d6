"""What is told and written down of subscriptions."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.payments import (
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionStarted,
)
from services.payments.invoices.models import Invoice
from services.payments.subscriptions.models import Subscription

NOUN = "subscription"


class Telling:
    """Events and entries in the audit log about subscriptions."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    def facts(self, subscription: Subscription) -> dict[str, Any]:
        """What every event says of a subscription."""
        return {
            "subscription_id": subscription.id,
            "status": str(subscription.status),
            "plan_id": subscription.plan_id,
            "plan_name": subscription.plan_name,
            "quantity": subscription.quantity,
            "amount": subscription.amount,
            "email": subscription.email,
            "customer_name": subscription.customer_name,
            "customer_user_id": subscription.customer_user_id,
        }

    def started(self, subscription: Subscription) -> None:
        """It has begun."""
        self.uow.emit(
            SubscriptionStarted(
                **self.facts(subscription),
                started_at=subscription.starts_at,
                trial_ends_at=subscription.trial_ends_at if subscription.period == 0 else None,
                period_end=subscription.current_period_end,
                invoice_id=subscription.latest_invoice_id,
            )
        )
        self._audit(subscription, "started", None, {"status": str(subscription.status)})

    def changed(
        self, subscription: Subscription, change: str, *, before: dict[str, Any] | None = None, **after: Any
    ) -> None:
        """It is another one in some way."""
        self.uow.emit(SubscriptionChanged(**self.facts(subscription), change=change, changed_at=self.uow.now))
        self._audit(subscription, change, before, {"status": str(subscription.status), **after})

    def past_due(self, subscription: Subscription, invoice: Invoice) -> None:
        """An invoice of it is overdue, or its customer is to be reminded of one."""
        assert invoice.number is not None
        assert invoice.due_on is not None
        self.uow.emit(
            SubscriptionPastDue(
                **self.facts(subscription),
                invoice_id=invoice.id,
                invoice_number=invoice.number,
                outstanding=invoice.outstanding,
                due_on=invoice.due_on.isoformat(),
                reminder=subscription.dunning_step,
            )
        )
        action = "reminded" if subscription.dunning_step else "past_due"
        self._audit(subscription, action, None, {"invoice": invoice.number})

    def cancelled(self, subscription: Subscription, before: str, reason: str | None) -> None:
        """It is over."""
        assert subscription.ended_at is not None
        self.uow.emit(
            SubscriptionCancelled(
                **self.facts(subscription),
                reason=subscription.cancel_reason or reason,
                ended_at=subscription.ended_at,
            )
        )
        self._audit(
            subscription,
            str(subscription.status),
            {"status": str(before)},
            {"status": str(subscription.status), "reason": subscription.cancel_reason or reason},
        )

    def _audit(
        self,
        subscription: Subscription,
        action: str,
        before: dict[str, Any] | None,
        after: dict[str, Any],
    ) -> None:
        self.uow.audit(action, NOUN, subscription.id, before=before, after=after)
