"""All SQL of invoices. Lock order: the payment, then its invoice."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, exists, or_, select, update

from libs.common.db.direct import Direct, Run, insert_of, values_of
from libs.common.db.repository import Repository
from services.payments.documents.numbers import INVOICES, numbering
from services.payments.invoices.models import Invoice
from services.payments.ownership import is_customer, is_own

_OF_ORDER = and_(
    Invoice.tenant_id == bindparam("tenant_id", type_=Uuid()),
    Invoice.order_id == bindparam("order_id", type_=Uuid()),
    or_(Invoice.status == "issued", Invoice.status == "paid"),
)
_NUMBER_UNLESS_INVOICED = numbering(~exists().where(_OF_ORDER))
_ADD = Direct(insert_of(Invoice))
_CREDITED = ("credited_minor", "version", "updated_at")
_CREDIT = Direct(
    update(Invoice)
    .where(
        Invoice.tenant_id == bindparam("tenant_id", type_=Uuid()),
        Invoice.id == bindparam("invoice_id", type_=Uuid()),
    )
    .values({name: bindparam(name, type_=Invoice.__table__.c[name].type) for name in _CREDITED})
)


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

    def write(self, row: Invoice) -> None:
        """Insert an invoice that is final from the start with the next flush."""
        self.uow.insert(_ADD, row)

    def numbering_unless_invoiced(self, order_id: UUID) -> Run:
        """The statement that gives the next number if no invoice of this order counts, to be sent along with others.

        They are sent after what is locked: this holds the counter until the commit.
        """
        return _NUMBER_UNLESS_INVOICED, {
            "tenant_id": self.uow.tenant_id,
            "series": INVOICES,
            "order_id": order_id,
        }

    async def save(self, row: Invoice) -> Invoice:
        """Write the changes of an invoice; where the session does not know it, what credit changes, with the next flush."""
        if self.uow.transaction.knows(row):
            return await super().save(row)
        self.uow.raise_version(row)
        key = {"tenant_id": row.tenant_id, "invoice_id": row.id}
        self.uow.write(_CREDIT, {**key, **values_of(row, _CREDITED)})
        return row

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
