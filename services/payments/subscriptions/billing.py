"""Making the invoices of subscriptions: one for each period, with what changes have added since the last one."""

from datetime import datetime, timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from services.payments.invoices.models import Invoice
from services.payments.invoices.service import InvoiceService
from services.payments.subscriptions.lines import CARRIED, adjustment_line, period_line, sums
from services.payments.subscriptions.models import Adjustment, Subscription
from services.payments.subscriptions.periods import period_start
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.terms import Terms


def next_period(subscription: Subscription) -> tuple[datetime, datetime]:
    """The begin and the end of the period after those that have been billed."""
    anchor = subscription.anchor_at
    assert anchor is not None
    n = subscription.period - subscription.anchored_period
    length = subscription.interval, subscription.interval_count
    return period_start(anchor, *length, n), period_start(anchor, *length, n + 1)


class Billing:
    """The invoices of subscriptions that the caller has locked."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SubscriptionRepository(uow)
        self.invoices = InvoiceService(uow)

    async def begin_period(self, subscription: Subscription) -> Invoice:
        """Bill the period after those that have been billed, and make it the current one."""
        start, end = next_period(subscription)
        line = period_line(Terms.of(subscription), start, end)
        invoice = await self._issue(
            subscription,
            [line],
            subscription_period=subscription.period + 1,
            period_start=start,
            period_end=end,
        )
        failpoint("payments", "subscription", "invoiced")
        subscription.period += 1
        subscription.current_period_start, subscription.current_period_end = start, end
        subscription.priced_at = start
        return invoice

    async def bill_changes(self, subscription: Subscription) -> Invoice | None:
        """Bill what changes have added at once; None where that comes to nothing or to a credit, which waits."""
        waiting = await self.rows.open_adjustments(subscription.id)
        if sum(one.amount_minor for one in waiting) <= 0:
            return None
        return await self._issue(
            subscription,
            [],
            period_start=subscription.priced_at,
            period_end=subscription.current_period_end,
        )

    async def _issue(
        self, subscription: Subscription, lines: list[dict[str, Any]], **of_period: Any
    ) -> Invoice:
        waiting = await self.rows.open_adjustments(subscription.id)
        found = sums([*lines, *map(adjustment_line, waiting)], subscription.tax_rate_ppm)
        invoice = await self.invoices.issue(
            Invoice(
                subscription_id=subscription.id,
                currency=subscription.currency,
                lines=found.lines,
                subtotal_minor=found.subtotal,
                discount_minor=0,
                shipping_minor=0,
                tax_minor=found.tax,
                tax_included_minor=0,
                shipping_tax_included_minor=0,
                total_minor=found.total,
                paid_minor=0,
                email=subscription.email,
                customer_name=subscription.customer_name,
                customer_user_id=subscription.customer_user_id,
                billing_address=subscription.billing_address,
                due_on=(self.uow.now + timedelta(days=subscription.due_days)).date(),
                **of_period,
            )
        )
        subscription.latest_invoice_id = invoice.id
        for one in waiting:
            one.invoice_id = invoice.id
        if found.carried:
            self.rows.session.add(carried(subscription, found.carried))
        # The next period may follow in this transaction, and must not find them again.
        await self.rows.session.flush()
        return invoice


def carried(subscription: Subscription, amount: int) -> Adjustment:
    """The credit that an invoice had no room for."""
    return Adjustment(
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        kind="carried",
        description=CARRIED.replace("kept for the next", "of an earlier"),
        currency=subscription.currency,
        amount_minor=-amount,
        price_minor=amount,
        rest_seconds=1,
        period_seconds=1,
        remainder=0,
        period=subscription.period,
    )
