"""All SQL of subscriptions. Lock order: the subscription, then its invoices, then the counter of their numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from libs.common.db.repository import Repository
from libs.common.runtime.context import ServiceContext
from services.payments.invoices.models import Invoice
from services.payments.merchants.models import Merchant
from services.payments.ownership import is_customer, is_own
from services.payments.subscriptions.models import Adjustment, Subscription


def due(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What the sweep of subscriptions finds."""
    return select(Subscription.id).where(Subscription.due_at <= now, ~is_stopped())


def is_stopped() -> ColumnElement[bool]:
    """Whether the business of a subscription may not trade now."""
    return exists().where(Merchant.tenant_id == Subscription.tenant_id, Merchant.is_stopped)


class SubscriptionRepository(Repository[Subscription]):
    """Subscriptions of one tenant; a customer's own alone."""

    model = Subscription

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor sees his own rows only."""
        return is_customer(self.uow.actor)

    def select(self) -> Select[Subscription]:
        """The subscriptions the actor may see."""
        statement = super().select()
        if is_customer(self.uow.actor):
            statement = statement.where(is_own(Subscription.customer_user_id, self.uow.actor))
        return statement

    async def locked(self, subscription_id: UUID) -> Subscription | None:
        """A subscription, locked, whoever asks, even a removed one."""
        return await self.session.get(
            Subscription, (self.uow.tenant_id, subscription_id), with_for_update=True, populate_existing=True
        )

    async def due(self, now: datetime, limit: int) -> Sequence[Subscription]:
        """Subscriptions of which something is due, skipping those in other hands.

        Each tenant's is found in turn, longest first, so that one with very many makes no other wait.
        """
        turn = func.row_number().over(partition_by=Subscription.tenant_id, order_by=Subscription.due_at)
        is_due = Subscription.due_at <= now, ~is_stopped()
        queue = select(Subscription.tenant_id, Subscription.id, turn.label("turn")).where(*is_due).subquery()
        statement = (
            select(Subscription)
            .join(queue, and_(Subscription.tenant_id == queue.c.tenant_id, Subscription.id == queue.c.id))
            # Once more, of the row as it is when it is locked.
            .where(Subscription.due_at <= now)
            .order_by(queue.c.turn, Subscription.due_at)
            .limit(limit)
            .with_for_update(of=Subscription, skip_locked=True)
        )
        return (await self.session.execute(statement)).scalars().all()

    async def oldest_unpaid(self, subscription_id: UUID) -> Invoice | None:
        """The invoice of a subscription that has been due for longest and is not paid in full."""
        statement = (
            select(Invoice)
            .where(
                Invoice.tenant_id == self.uow.tenant_id,
                Invoice.subscription_id == subscription_id,
                Invoice.status == "issued",
            )
            .order_by(Invoice.due_on, Invoice.id)
            .limit(1)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def of_invoice(self, invoice_id: UUID) -> UUID | None:
        """The subscription that an invoice is of, if it is of one."""
        statement = select(Invoice.subscription_id).where(
            Invoice.tenant_id == self.uow.tenant_id, Invoice.id == invoice_id
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def open_adjustments(self, subscription_id: UUID) -> list[Adjustment]:
        """What waits for the next invoice of a subscription, oldest first."""
        statement = (
            select(Adjustment)
            .where(
                Adjustment.tenant_id == self.uow.tenant_id,
                Adjustment.subscription_id == subscription_id,
                Adjustment.invoice_id.is_(None),
            )
            .order_by(Adjustment.id)
        )
        return list((await self.session.execute(statement)).scalars())
