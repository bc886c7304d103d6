"""Changing what a subscription is sold for: shown first, with the same figures as when it is made."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, ValidationFailed
from libs.common.money import Money
from services.payments.invoices.errors import CurrencyMismatch
from services.payments.subscriptions.billing import next_period
from services.payments.subscriptions.change_schemas import Proration, SubscriptionChange
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.lines import adjustment_line, period_line, sums
from services.payments.subscriptions.models import Adjustment, Subscription
from services.payments.subscriptions.periods import period_start, whole_second
from services.payments.subscriptions.proration import Part, part, rest_of
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schemas import SubscriptionStatus as Status
from services.payments.subscriptions.schemas import When
from services.payments.subscriptions.terms import Terms, offered

_BILLED = (Status.ACTIVE, Status.PAST_DUE)
_FREE = (Status.SCHEDULED, Status.TRIALING)
# A preview is good for so long.
_SHOWN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change comes to: the terms, when they hold, and what the rest of the period adds to the next invoice."""

    terms: Terms
    takes_effect_at: datetime
    counted_from: datetime
    adjustments: list[Adjustment]
    # Whether a new period begins with it, since periods are of another length.
    begins_anew: bool


class SubscriptionChanges:
    """Changes of subscriptions that the caller has read, and locked where they are made."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SubscriptionRepository(uow)
        self.life = SubscriptionLife(uow)

    async def make(self, subscription: Subscription, body: SubscriptionChange) -> None:
        """Change what a locked subscription is sold for, now or when its period ends.

        Raises:
            InvalidTransition: it is not billed now. PlanNotForSale, CurrencyMismatch, ValidationFailed: not that way.
            SubscriptionBehind: it is not billed up to now yet.
        """
        before = Terms.of(subscription)
        proposal = await self._propose(subscription, body)
        if proposal.terms == before:
            if subscription.pending_change is not None:
                subscription.pending_change = None
                self.life.telling.changed(subscription, "change_withdrawn")
        elif body.when is When.PERIOD_END and subscription.status in _BILLED:
            subscription.pending_change = proposal.terms.to_json()
            self.life.telling.changed(subscription, "change_planned", terms=proposal.terms.to_json())
        else:
            await self._now(subscription, body, proposal, before)
        await self.life.note(subscription)

    async def preview(self, subscription: Subscription, body: SubscriptionChange) -> dict[str, Any]:
        """What `make` would do, in the form of `ChangePreview`.

        Raises:
            Those of `make`.
        """
        proposal = await self._propose(subscription, body)
        currency = subscription.currency
        credit = sum(-one.amount_minor for one in proposal.adjustments if one.amount_minor < 0)
        charge = sum(one.amount_minor for one in proposal.adjustments if one.amount_minor > 0)
        return {
            "takes_effect_at": proposal.takes_effect_at,
            "proration_at": proposal.counted_from,
            "amount": proposal.terms.amount,
            "interval": proposal.terms.interval,
            "interval_count": proposal.terms.interval_count,
            "lines": [_shown(one) for one in proposal.adjustments],
            "credit": Money(amount=credit, currency=currency),
            "charge": Money(amount=charge, currency=currency),
            "net": Money(amount=charge - credit, currency=currency),
            "next_invoice": await self._forecast(subscription, body, proposal),
        }

    async def _propose(self, subscription: Subscription, body: SubscriptionChange) -> Proposal:
        """Work a change out; nothing is written."""
        terms = await self._wanted(subscription, body)
        await self.life.refuse_behind(subscription)
        status = subscription.status
        if status not in (*_BILLED, *_FREE):
            raise InvalidTransition(f"The subscription is {status}.", current_status=str(status))
        before = Terms.of(subscription)
        at = self._counted_from(subscription, body)
        end = subscription.current_period_end
        if status in _FREE or end is None:
            return Proposal(terms, at, at, [], begins_anew=False)
        if terms == before:
            return Proposal(terms, at, at, [], begins_anew=False)
        if body.when is When.PERIOD_END:
            return Proposal(terms, end, at, [], begins_anew=terms.length != before.length)
        begins_anew = terms.length != before.length
        made = []
        if body.proration is not Proration.NONE:
            start = subscription.current_period_start
            assert start is not None
            rest = rest_of(start, end, at)
            made.append(_adjustment(subscription, "credit", before, part(before.price, rest), at, end))
            if not begins_anew:
                made.append(_adjustment(subscription, "charge", terms, part(terms.price, rest), at, end))
        return Proposal(terms, at, at, made, begins_anew)

    async def _now(
        self, subscription: Subscription, body: SubscriptionChange, proposal: Proposal, before: Terms
    ) -> None:
        subscription.pending_change = None
        proposal.terms.apply_to(subscription)
        self.life.telling.changed(
            subscription, "plan_changed", before=before.to_json(), terms=proposal.terms.to_json()
        )
        if subscription.status in _FREE:
            return
        subscription.priced_at = proposal.counted_from
        self.rows.session.add_all(proposal.adjustments)
        await self.rows.session.flush()
        if proposal.begins_anew:
            self.life.anchor(subscription, proposal.takes_effect_at)
            await self.life.renew(subscription)
        elif body.proration is Proration.NOW:
            await self.life.billing.bill_changes(subscription)

    async def _wanted(self, subscription: Subscription, body: SubscriptionChange) -> Terms:
        if body.plan_id is None and body.plan is None and body.quantity is None:
            raise ValidationFailed.of("plan_id", "name another plan, another quantity, or both", "missing")
        quantity = body.quantity or subscription.quantity
        if body.plan_id is None and body.plan is None:
            return replace(Terms.of(subscription), quantity=quantity)
        if body.plan_id is not None and body.plan is None and body.plan_id == subscription.plan_id:
            # It keeps what it was sold for, even where the plan has changed since.
            return replace(Terms.of(subscription), quantity=quantity)
        terms, _ = await offered(self.uow, body.plan_id, body.plan, quantity)
        if terms.currency != subscription.currency:
            raise CurrencyMismatch(f"The subscription is in {subscription.currency}.")
        return terms

    def _counted_from(self, subscription: Subscription, body: SubscriptionChange) -> datetime:
        now = whole_second(self.uow.now)
        if body.proration_at is None:
            return max(now, subscription.priced_at) if subscription.priced_at else now
        at = whole_second(body.proration_at)
        if not max(subscription.priced_at or at, now - _SHOWN) <= at <= now:
            raise ValidationFailed.of(
                "proration_at", "must lie within the last hour, and after the last change", "out_of_range"
            )
        return at

    async def _forecast(
        self, subscription: Subscription, body: SubscriptionChange, proposal: Proposal
    ) -> dict[str, Any] | None:
        """The next invoice as it would be after the change."""
        waiting = [*await self.rows.open_adjustments(subscription.id), *proposal.adjustments]
        lines = [adjustment_line(one) for one in waiting]
        length = proposal.terms.length
        at = subscription.next_billing_at
        is_at_once = proposal.begins_anew and body.when is When.NOW
        net = sum(one.amount_minor for one in waiting)
        if is_at_once or (at is not None and (proposal.begins_anew or subscription.status in _FREE)):
            begin = whole_second(proposal.takes_effect_at if is_at_once or at is None else at)
            span = begin, period_start(begin, *length, 1)
            lines.insert(0, period_line(proposal.terms, *span))
        elif body.proration is Proration.NOW and proposal.adjustments and net > 0:
            span = proposal.counted_from, proposal.counted_from
        elif at is not None:
            span = next_period(subscription)
            lines.insert(0, period_line(proposal.terms, *span))
        elif proposal.adjustments and net > 0 and (end := subscription.current_period_end):
            # No period follows: what the change has added is billed when this one ends.
            span = end, end
        else:
            return None
        found = sums(lines, subscription.tax_rate_ppm)

        def money(amount: int) -> Money:
            return Money(amount=amount, currency=subscription.currency)

        return {
            "bills_at": span[0],
            "lines": [
                one | {"unit_price": money(one["unit_price"]), "total": money(one["total"])}
                for one in found.lines
            ],
            "subtotal": money(found.subtotal),
            "tax": money(found.tax),
            "total": money(found.total),
        }


def _adjustment(
    subscription: Subscription, kind: str, terms: Terms, found: Part, at: datetime, end: datetime
) -> Adjustment:
    word = "Not used" if kind == "credit" else "From the change on"
    units = f"{terms.quantity} × " if terms.quantity != 1 else ""
    return Adjustment(
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        kind=kind,
        description=f"{word}: {units}{terms.plan_name}, {at:%Y-%m-%d} to {end:%Y-%m-%d}",
        currency=terms.currency,
        amount_minor=-found.amount if kind == "credit" else found.amount,
        price_minor=found.price,
        rest_seconds=found.rest.seconds,
        period_seconds=found.rest.of,
        remainder=found.remainder,
        period=subscription.period,
    )


def _shown(one: Adjustment) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "description": one.description,
        "amount": one.amount,
        "price": Money(amount=one.price_minor, currency=one.currency),
        "rest_seconds": one.rest_seconds,
        "period_seconds": one.period_seconds,
        "remainder": one.remainder,
    }
