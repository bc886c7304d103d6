"""The rules of subscriptions."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, ValidationFailed
from libs.common.resource import ResourceService
from services.payments.invoices.schemas import InvoiceQuery
from services.payments.subscriptions.change_schemas import SubscriptionChange
from services.payments.subscriptions.changes import SubscriptionChanges
from services.payments.subscriptions.errors import SubscriptionRunning
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.periods import whole_second
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schemas import (
    SubscriptionCancel,
    SubscriptionCreate,
    SubscriptionInvoiceQuery,
    SubscriptionPause,
)
from services.payments.subscriptions.schemas import SubscriptionStatus as Status
from services.payments.subscriptions.terms import offered

_OVER = (Status.CANCELLED, Status.ENDED)
_PAUSABLE = (Status.TRIALING, Status.ACTIVE, Status.PAST_DUE)
_EARLIEST, _LATEST = timedelta(days=366), timedelta(days=5 * 366)
# What was sold: in a PUT it may be repeated, and `change` changes it.
_SOLD = ("plan_id", "plan", "quantity", "starts_at", "trial_days")


class SubscriptionService(ResourceService[Subscription]):
    """Subscriptions of customers."""

    repository = SubscriptionRepository
    noun = "subscription"
    rows: SubscriptionRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.life = SubscriptionLife(uow)
        self.changes = SubscriptionChanges(uow)

    async def sell(self, body: SubscriptionCreate) -> Subscription:
        """Sell a subscription: it begins, and is billed for its first periods, unless it begins later.

        Where it began long ago, a job bills what more has passed since.

        Raises:
            PlanNotForSale: there is no such plan, or nothing is sold by it. ValidationFailed: it begins too far away.
        """
        values = self._columns(body.model_dump()) | await self._sold(body)
        row = await self.rows.add(Subscription(**values))
        self._record("created", row, None)
        await self.life.advance(row)
        self.uow.tag(row.version)
        return row

    async def prepare(self, values: dict[str, Any], row: Subscription | None) -> dict[str, Any]:
        """Turn a body into columns; what was sold is fixed."""
        assert row is not None
        _same({name: values[name] for name in _SOLD if name in values}, row)
        return self._columns(values)

    async def update(self, row_id: UUID, body: BaseModel) -> Subscription:
        """Change what is not what was sold; it holds for invoices to come.

        Raises:
            ValidationFailed: what was sold would change.
        """
        found = await super().update(row_id, body)
        await self.life.note(found)
        self.uow.tag(found.version)
        return found

    async def before_delete(self, row: Subscription) -> None:
        """Those that go on stay."""
        if row.status not in (*_OVER, Status.SCHEDULED):
            raise SubscriptionRunning("Cancel it first.", current_status=str(row.status))
        row.due_at = row.next_billing_at = None

    async def cancel(self, subscription_id: UUID, body: SubscriptionCancel) -> Subscription:
        """End a subscription now, or when what was billed ends.

        Raises:
            InvalidTransition: it is over. SubscriptionBehind: it is not billed up to now yet.
        """
        row = await self._locked(subscription_id)
        await self.life.refuse_behind(row)
        self._refuse(row, *_OVER)
        row.cancel_reason = body.reason or row.cancel_reason
        if body.is_later and row.status not in (Status.SCHEDULED, Status.UNPAID):
            if not row.cancel_at_period_end:
                row.cancel_at_period_end, row.cancelled_at = True, self.uow.now
                self.life.telling.changed(row, "cancellation_planned", reason=row.cancel_reason)
        else:
            self.life.end(row, Status.CANCELLED, self.uow.now, row.cancel_reason)
        await self.life.note(row)
        self.uow.tag(row.version)
        return row

    async def pause(self, subscription_id: UUID, body: SubscriptionPause) -> Subscription:
        """Bill no more until it is resumed.

        Raises:
            InvalidTransition: it is not billed now. ValidationFailed: the time to resume has passed.
            SubscriptionBehind: it is not billed up to now yet.
        """
        row = await self._locked(subscription_id)
        if body.resumes_at is not None and body.resumes_at <= self.uow.now:
            raise ValidationFailed.of("resumes_at", "must lie ahead", "out_of_range")
        await self.life.refuse_behind(row)
        if row.status not in _PAUSABLE:
            raise InvalidTransition(f"The subscription is {row.status}.", current_status=str(row.status))
        before, row.status = row.status, Status.PAUSED
        row.paused_at, row.resumes_at = self.uow.now, body.resumes_at
        self.life.telling.changed(row, "paused", before={"status": str(before)})
        await self.life.note(row)
        self.uow.tag(row.version)
        return row

    async def resume(self, subscription_id: UUID) -> Subscription:
        """Go on after a pause, or take back a cancellation that waits for the end of the period.

        Raises:
            InvalidTransition: it is neither paused nor about to be cancelled. SubscriptionBehind: it is not billed up to
            now yet.
        """
        row = await self._locked(subscription_id)
        await self.life.refuse_behind(row)
        self._refuse(row, *_OVER)
        if not row.cancel_at_period_end and row.status != Status.PAUSED:
            raise InvalidTransition(f"The subscription is {row.status}.", current_status=str(row.status))
        if row.cancel_at_period_end:
            row.cancel_at_period_end, row.cancelled_at, row.cancel_reason = False, None, None
            self.life.telling.changed(row, "cancellation_withdrawn")
        if row.status == Status.PAUSED:
            await self.life.resume(row, self.uow.now)
        await self.life.advance(row)
        self.uow.tag(row.version)
        return row

    async def change(self, subscription_id: UUID, body: SubscriptionChange) -> Subscription:
        """Change what it is sold for; see `SubscriptionChanges.make`."""
        row = await self._locked(subscription_id)
        await self.changes.make(row, body)
        self.uow.tag(row.version)
        return row

    async def preview(self, subscription_id: UUID, body: SubscriptionChange) -> dict[str, Any]:
        """What `change` would do; nothing is written.

        Raises:
            Those of `change`.
        """
        return await self.changes.preview(await self.get(subscription_id), body)

    async def invoices(self, subscription_id: UUID, query: SubscriptionInvoiceQuery) -> dict[str, Any]:
        """One page of its invoices."""
        row = await self.get(subscription_id)
        wanted = InvoiceQuery(subscription_id=[row.id], **query.model_dump(exclude_none=True))
        return await self.life.billing.invoices.list(wanted)

    def _columns(self, values: dict[str, Any]) -> dict[str, Any]:
        found = {name: value for name, value in values.items() if name not in _SOLD}
        if "customer" in found:
            customer = found.pop("customer")
            found |= {"customer_name": customer["name"], "email": customer["email"]}
            found["customer_user_id"] = customer["user_id"]
        settings = self.uow.context.settings
        for name, default in {"due_days": settings.invoice_due_days, "dunning": settings.dunning}.items():
            if name in found and found[name] is None:
                found[name] = default
        return found

    async def _locked(self, subscription_id: UUID) -> Subscription:
        row = await self.get(subscription_id, lock=True)
        if self.uow.if_match is None or self.uow.if_match.isdisjoint(row.versions_alike):
            self.check_version(row)
        return row

    def _refuse(self, row: Subscription, *statuses: Status) -> None:
        if row.status in statuses:
            raise InvalidTransition(f"The subscription is {row.status}.", current_status=str(row.status))

    async def _sold(self, body: SubscriptionCreate) -> dict[str, Any]:
        terms, trial_days = await offered(self.uow, body.plan_id, body.plan, body.quantity or 1)
        now = whole_second(self.uow.now)
        starts_at = whole_second(body.starts_at) if body.starts_at else now
        if not now - _EARLIEST <= starts_at <= now + _LATEST:
            raise ValidationFailed.of("starts_at", "at most a year back or five ahead", "out_of_range")
        return {
            "status": Status.SCHEDULED,
            "plan_id": terms.plan_id,
            "plan_name": terms.plan_name,
            "amount_minor": terms.amount_minor,
            "currency": terms.currency,
            "interval": terms.interval,
            "interval_count": terms.interval_count,
            "quantity": terms.quantity,
            "trial_days": trial_days if body.trial_days is None else body.trial_days,
            "starts_at": starts_at,
            "anchored_period": 0,
            "period": 0,
            "cancel_at_period_end": False,
            "dunning_step": 0,
        }


def _same(sold: dict[str, Any], row: Subscription) -> None:
    """Refuse a body that would change what was sold.

    Raises:
        ValidationFailed: it would.
    """
    plan = sold.pop("plan", None)
    if plan is not None:
        price = plan["amount"]
        known = (row.plan_name, row.amount_minor, row.currency, row.interval, row.interval_count)
        asked = (plan["name"], price["amount"], price["currency"], plan["interval"], plan["interval_count"])
        if known != asked:
            raise ValidationFailed.of("plan", "cannot be changed here", "fixed")
    for name, value in sold.items():
        if value is not None and value != getattr(row, name):
            raise ValidationFailed.of(name, "cannot be changed here", "fixed")
