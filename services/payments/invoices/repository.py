"""All SQL of invoices. Lock order: the payment, then its invoice."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from libs.common.db.repository import Repository
from services.payments.invoices.models import Invoice
from services.payments.ownership import is_customer, is_own


class InvoiceRepository(Repository[Invoice]):
    """Invoices of one tenant; a customer's own final ones alone."""

    model = Invoice

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor sees his own rows only."""
        return is_customer(self.uow.actor)

    def select(self) -> Select[Invoice]:
        """The invoices the actor may see."""
        statement = super().select()
        if is_customer(self.uow.actor):
            statement = statement.where(
                is_own(Invoice.customer_user_id, self.uow.actor), Invoice.status != "draft"
            )
        return statement

    async def of_order(self, order_id: UUID) -> Invoice | None:
        """The invoice of an order that counts, locked."""
        return await self.find(
            Invoice.order_id == order_id, Invoice.status.in_(("issued", "paid")), lock=True
        )

    async def overdue(self, today: date, limit: int) -> Sequence[Invoice]:
        """Invoices past their due date that nobody was told of, skipping those in other hands."""
        statement = (
            select(Invoice)
            .where(Invoice.status == "issued", Invoice.overdue_at.is_(None), Invoice.due_on < today)
            .order_by(Invoice.due_on)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.execute(statement)).scalars().all()
