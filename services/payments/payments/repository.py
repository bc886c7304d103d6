"""All SQL of payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.repository import Repository
from libs.common.runtime.context import ServiceContext
from services.payments.ownership import is_customer, is_own
from services.payments.payments.models import Payment


def due_for_check(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What the reconciling of payments finds."""
    return select(Payment.id).where(*_is_due(now))


def _is_due(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return Payment.status == "pending", Payment.check_at <= now


class PaymentRepository(Repository[Payment]):
    """Payments of one tenant; a customer's own alone."""

    model = Payment

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor sees his own rows only."""
        return is_customer(self.uow.actor)

    def select(self) -> Select[Payment]:
        """The payments the actor may see."""
        statement = super().select()
        if is_customer(self.uow.actor):
            statement = statement.where(is_own(Payment.customer_user_id, self.uow.actor))
        return statement

    async def for_notice(
        self, account_id: UUID, reference: UUID | None, checkout_id: str | None
    ) -> Payment | None:
        """The payment a provider speaks of, locked: by our id, or by the provider's where it echoes none."""
        if reference is not None:
            return await self.find(Payment.id == reference, Payment.account_id == account_id, lock=True)
        if checkout_id is not None:
            return await self.find(
                Payment.checkout_id == checkout_id, Payment.account_id == account_id, lock=True
            )
        return None

    async def locked(self, payment_id: UUID) -> Payment | None:
        """A payment, locked, whoever asks: who may act on it has been settled by its order."""
        return await self.session.get(
            Payment, (self.uow.tenant_id, payment_id), with_for_update=True, populate_existing=True
        )

    async def pending(self, order_id: UUID) -> Payment | None:
        """The payment of an order that is under way, locked."""
        statement = (
            select(Payment)
            .where(
                Payment.tenant_id == self.uow.tenant_id,
                Payment.order_id == order_id,
                Payment.status == "pending",
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def captured(self, order_id: UUID) -> list[Payment]:
        """The payments of an order that succeeded, whoever asks, oldest first."""
        statement = (
            select(Payment)
            .where(
                Payment.tenant_id == self.uow.tenant_id,
                Payment.order_id == order_id,
                Payment.status == "succeeded",
            )
            .order_by(Payment.id)
            .limit(50)
        )
        return list((await self.session.execute(statement)).scalars())

    async def due_for_check(self, now: datetime, limit: int) -> Sequence[Payment]:
        """Pending payments to ask the provider about, longest due first, skipping those in other hands."""
        statement = (
            select(Payment)
            .where(*_is_due(now))
            .order_by(Payment.check_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.execute(statement)).scalars().all()
