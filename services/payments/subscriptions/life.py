"""The life of a subscription: whatever is due by now is done, one step after the other, in the order of their times.

Each step is done once: its effect, its events and the time of the next step are one commit, under the lock of the row.
"""

from datetime import datetime, timedelta
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.payments import SubscriptionRenewed
from services.payments.invoices.models import Invoice
from services.payments.subscriptions.billing import Billing
from services.payments.subscriptions.dunning import next_step, reminders_due
from services.payments.subscriptions.errors import SubscriptionBehind
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.periods import whole_second
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schedule import ADVANCE, AGAIN, STEPS
from services.payments.subscriptions.schemas import SubscriptionStatus as Status
from services.payments.subscriptions.telling import Telling
from services.payments.subscriptions.terms import Terms

_BILLED = (Status.ACTIVE, Status.PAST_DUE)


class SubscriptionLife:
    """Moves subscriptions that the caller has locked."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SubscriptionRepository(uow)
        self.billing = Billing(uow)
        self.telling = Telling(uow)

    async def advance(self, subscription: Subscription) -> None:
        """Do what is due by now, or the first steps of it; a job goes on with the rest."""
        steps = await self._first_steps(subscription)
        if await self._noted_behind(subscription, steps):
            defer_advance(self.uow, subscription)

    async def refuse_behind(self, subscription: Subscription) -> None:
        """Let nothing be done to a period but the one that runs now.

        Raises:
            SubscriptionBehind: something is due that has to be done before.
        """
        if self._is_due(await self._next_due(subscription)):
            raise SubscriptionBehind

    async def catch_up(self, subscription_id: UUID) -> Subscription | None:
        """Lock a subscription and do what is due of it by now, or the first steps; the row where more is due.

        Nobody but the time has asked for this, and of one that is not behind nobody sees another version.
        """
        row = await self.rows.locked(subscription_id)
        if row is None or row.deleted_at is not None:
            return None
        due_at = await self._next_due(row)
        if not self._is_due(due_at):
            row.due_at = due_at
            return None
        steps = await self._first_steps(row)
        row.unbilled_version, row.billed_version = row.versions_alike.start, row.version + 1
        return row if await self._noted_behind(row, steps) else None

    async def note(self, subscription: Subscription) -> None:
        """Save a subscription with the times at which it is billed and looked at next."""
        subscription.next_billing_at = _next_billing(subscription)
        subscription.due_at = await self._next_due(subscription)
        await self.rows.save(subscription)

    async def settled(self, subscription: Subscription) -> None:
        """Take in that an invoice has been paid or is void: once none is overdue, the subscription is in order."""
        oldest = await self.rows.oldest_unpaid(subscription.id)
        overdue = oldest is not None and oldest.due_on is not None and oldest.due_on < self.uow.now.date()
        if not overdue and subscription.dunning_invoice_id is not None:
            subscription.dunning_invoice_id, subscription.dunning_step = None, 0
            if subscription.status == Status.PAST_DUE:
                self._turn(subscription, Status.ACTIVE, "paid")
            elif subscription.status == Status.UNPAID:
                await self.resume(subscription, self.uow.now, "paid")
        await self.advance(subscription)

    async def resume(self, subscription: Subscription, at: datetime, reason: str = "resumed") -> None:
        """Go on after a pause: within what was paid for, or with a new period that begins now."""
        subscription.paused_at = subscription.resumes_at = None
        behind = subscription.dunning_invoice_id is not None
        end = subscription.current_period_end or subscription.trial_ends_at
        assert end is not None
        if subscription.period == 0 and end > at:
            self._turn(subscription, Status.TRIALING, reason)
            return
        self._turn(subscription, Status.PAST_DUE if behind else Status.ACTIVE, reason)
        if end > at:
            return
        if _is_last(subscription):
            await self._end_with_period(subscription, Status.ENDED, at)
        else:
            self.anchor(subscription, at)
            await self.renew(subscription)

    def end(self, subscription: Subscription, status: Status, at: datetime, reason: str | None) -> None:
        """Let a subscription be over; its invoices stay as they are."""
        before = subscription.status
        subscription.status = status
        subscription.cancel_reason = subscription.cancel_reason or (
            reason if status is Status.CANCELLED else None
        )
        subscription.ended_at = at
        if status is Status.CANCELLED:
            subscription.cancelled_at = subscription.cancelled_at or self.uow.now
        subscription.pending_change = subscription.resumes_at = None
        self.telling.cancelled(subscription, before, reason)

    def anchor(self, subscription: Subscription, at: datetime) -> None:
        """Count periods from this time on; what waited for the end of a period takes effect."""
        subscription.anchor_at = whole_second(at)
        subscription.anchored_period = subscription.period
        self._apply_pending(subscription)

    async def begin(self, subscription: Subscription) -> None:
        """Begin with the trial, or with the first period."""
        if subscription.trial_days:
            subscription.trial_ends_at = subscription.starts_at + timedelta(days=subscription.trial_days)
            subscription.status = Status.TRIALING
        else:
            self.anchor(subscription, subscription.starts_at)
            await self._bill(subscription)
        self.telling.started(subscription)

    async def renew(self, subscription: Subscription) -> Invoice:
        """Bill the next period, and tell of it."""
        invoice = await self._bill(subscription)
        self.uow.emit(
            SubscriptionRenewed(
                **self.telling.facts(subscription),
                period=subscription.period,
                period_start=subscription.current_period_start,
                period_end=subscription.current_period_end,
                invoice_id=invoice.id,
                invoice_number=invoice.number,
                total=invoice.total,
            )
        )
        return invoice

    async def _first_steps(self, subscription: Subscription) -> int:
        """Do as many steps as are due and one transaction takes; how many were done."""
        steps = 0
        while steps < STEPS and await self._step(subscription):
            steps += 1
        return steps

    async def _noted_behind(self, subscription: Subscription, steps: int) -> bool:
        """Save it after so many steps; whether more are due."""
        await self.note(subscription)
        return steps == STEPS and self._is_due(subscription.due_at)

    def _is_due(self, at: datetime | None) -> bool:
        return at is not None and at <= self.uow.now

    async def _step(self, subscription: Subscription) -> bool:
        """Do the first thing that is due; False where nothing is."""
        now = self.uow.now
        match subscription.status:
            case Status.SCHEDULED if subscription.starts_at <= now:
                await self.begin(subscription)
            case Status.TRIALING if subscription.trial_ends_at and subscription.trial_ends_at <= now:
                await self._end_trial(subscription, subscription.trial_ends_at)
            case Status.ACTIVE | Status.PAST_DUE:
                return await self._go_on(subscription, now)
            case Status.PAUSED:
                return await self._stay_paused(subscription, now)
            case _:
                return False
        return True

    async def _end_trial(self, subscription: Subscription, at: datetime) -> None:
        if subscription.cancel_at_period_end:
            self.end(subscription, Status.CANCELLED, at, None)
            return
        self.anchor(subscription, at)
        await self.renew(subscription)

    async def _go_on(self, subscription: Subscription, now: datetime) -> bool:
        end = subscription.current_period_end
        assert end is not None
        oldest = await self.rows.oldest_unpaid(subscription.id)
        step = next_step(subscription, oldest)
        if oldest is not None and step is not None and step.at <= min(now, end):
            self._dun(subscription, oldest, step.what, now)
            return True
        if end > now:
            return False
        if subscription.cancel_at_period_end:
            await self._end_with_period(subscription, Status.CANCELLED, end)
        elif _is_last(subscription):
            await self._end_with_period(subscription, Status.ENDED, end)
        else:
            length = Terms.of(subscription).length
            self._apply_pending(subscription)
            if Terms.of(subscription).length != length:
                self.anchor(subscription, end)
            await self.renew(subscription)
        return True

    async def _stay_paused(self, subscription: Subscription, now: datetime) -> bool:
        end = subscription.current_period_end or subscription.trial_ends_at
        if subscription.cancel_at_period_end and end is not None and end <= now:
            await self._end_with_period(subscription, Status.CANCELLED, end)
            return True
        if subscription.resumes_at is not None and subscription.resumes_at <= now:
            await self.resume(subscription, subscription.resumes_at)
            return True
        return False

    async def _end_with_period(self, subscription: Subscription, status: Status, at: datetime) -> None:
        """Let it be over with its last period; what changes have added to that has no next invoice to wait for."""
        await self.billing.bill_changes(subscription)
        self.end(subscription, status, at, "All its periods are over." if status is Status.ENDED else None)

    def _dun(self, subscription: Subscription, invoice: Invoice, what: str, now: datetime) -> None:
        if what == "give_up":
            if subscription.dunning["then"] == "cancel":
                self.end(subscription, Status.CANCELLED, now, "It was not paid.")
            else:
                self._turn(subscription, Status.UNPAID, "unpaid")
            return
        if what == "overdue":
            subscription.dunning_invoice_id, subscription.dunning_step = invoice.id, 0
            subscription.status = Status.PAST_DUE
        else:
            subscription.dunning_step = reminders_due(subscription, invoice, now)
        self.telling.past_due(subscription, invoice)

    async def _bill(self, subscription: Subscription) -> Invoice:
        invoice = await self.billing.begin_period(subscription)
        behind = subscription.dunning_invoice_id is not None
        subscription.status = Status.PAST_DUE if behind else Status.ACTIVE
        return invoice

    def _apply_pending(self, subscription: Subscription) -> None:
        if subscription.pending_change is not None:
            Terms.kept(subscription.pending_change).apply_to(subscription)
            subscription.pending_change = None
            self.telling.changed(subscription, "plan_changed")

    def _turn(self, subscription: Subscription, status: Status, reason: str) -> None:
        before, subscription.status = subscription.status, status
        self.telling.changed(subscription, reason, before={"status": str(before)})

    async def _next_due(self, subscription: Subscription) -> datetime | None:
        times = [subscription.next_billing_at]
        if subscription.status == Status.SCHEDULED:
            times.append(subscription.starts_at)
        elif subscription.status in _BILLED:
            step = next_step(subscription, await self.rows.oldest_unpaid(subscription.id))
            times += [subscription.current_period_end, step.at if step else None]
        elif subscription.status == Status.TRIALING:
            times.append(subscription.trial_ends_at)
        elif subscription.status == Status.PAUSED:
            end = subscription.current_period_end or subscription.trial_ends_at
            times += [subscription.resumes_at, end if subscription.cancel_at_period_end else None]
        return min((at for at in times if at is not None), default=None)


def defer_advance(uow: UnitOfWork, subscription: Subscription) -> None:
    """Have a job do what is due of a subscription as it is now: one, however often it is found."""
    subscription.due_at = uow.now + AGAIN
    key = f"{subscription.id}:{subscription.version}"
    uow.defer(ADVANCE, key=key, subscription_id=str(subscription.id))


def _is_last(subscription: Subscription) -> bool:
    return subscription.cycles is not None and subscription.period >= subscription.cycles


def _next_billing(subscription: Subscription) -> datetime | None:
    """When the next invoice of a period follows; None where none does."""
    if subscription.cancel_at_period_end or _is_last(subscription):
        return None
    match subscription.status:
        case Status.SCHEDULED:
            return subscription.starts_at + timedelta(days=subscription.trial_days)
        case Status.TRIALING:
            return subscription.trial_ends_at
        case Status.ACTIVE | Status.PAST_DUE:
            return subscription.current_period_end
        case Status.PAUSED:
            return subscription.resumes_at
    return None
