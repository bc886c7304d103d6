"""All SQL of refunds. Lock order: the payment first, then its refunds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, select

from libs.common.db.direct import Direct, Run
from libs.common.db.repository import Repository
from libs.common.runtime.context import ServiceContext
from services.payments.payments.models import Payment
from services.payments.refunds.models import Refund

_WITHOUT_CREDIT_NOTE = Direct(
    select(Refund.id).where(
        Refund.tenant_id == bindparam("tenant", type_=Uuid()),
        Refund.order_id == bindparam("order", type_=Uuid()),
        Refund.status == "succeeded",
        Refund.credit_note_id.is_(None),
    )
)


def due_for_check(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What the reconciling of refunds finds."""
    return select(Refund.id).where(*_is_due(now))


def _is_due(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return Refund.status == "pending", Refund.check_at <= now


class RefundRepository(Repository[Refund]):
    """Refunds of one tenant."""

    model = Refund

    async def pending_total(self, payment_id: UUID) -> int:
        """What the refunds under way of a payment add up to, in minor units."""
        statement = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.tenant_id == self.uow.tenant_id,
            Refund.payment_id == payment_id,
            Refund.status == "pending",
        )
        return int((await self.session.execute(statement)).scalar_one())

    async def payment(self, payment_id: UUID, *, lock: bool = True) -> Payment | None:
        """The payment of a refund; locked, so that refunds of one payment follow each other."""
        statement = select(Payment).where(Payment.tenant_id == self.uow.tenant_id, Payment.id == payment_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    def finding_without_credit_note(self, order_id: UUID) -> Run:
        """The statement for the ids of what `without_credit_note` reads, to be sent along with others."""
        return _WITHOUT_CREDIT_NOTE, {"tenant": self.uow.tenant_id, "order": order_id}

    async def without_credit_note(self, order_id: UUID) -> Sequence[Refund]:
        """The refunds of an order that succeeded before there was an invoice to credit."""
        return await self.find_all(
            Refund.order_id == order_id, Refund.status == "succeeded", Refund.credit_note_id.is_(None)
        )

    async def due_for_check(self, now: datetime, limit: int) -> Sequence[Refund]:
        """Pending refunds to ask the provider about, longest due first, skipping those in other hands."""
        statement = (
            select(Refund)
            .where(*_is_due(now))
            .order_by(Refund.check_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.execute(statement)).scalars().all()
