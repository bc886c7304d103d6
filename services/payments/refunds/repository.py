"""All SQL of refunds. Lock order: the payment first, then its refunds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, bindparam, func, or_, select, update

from libs.common.db.direct import Direct, Row, Run, all_of, hydrated, insert_of, read, values_of
from libs.common.db.repository import Repository
from libs.common.runtime.context import ServiceContext
from services.payments.invoices.models import Invoice
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentRepository
from services.payments.refunds.models import Refund

_TENANT, _REFUND = bindparam("tenant", type_=Uuid()), bindparam("refund", type_=Uuid())
_PAYMENT, _ORDER = bindparam("payment", type_=Uuid()), bindparam("order", type_=Uuid())
_OF_PAYMENT = Refund.tenant_id == _TENANT, Refund.payment_id == _PAYMENT
_PENDING = Direct(
    select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(*_OF_PAYMENT, Refund.status == "pending")
)
# What asked for it, where it has been asked for before.
_ASKED = Direct(
    select(Refund.__table__).where(
        Refund.tenant_id == _TENANT,
        or_(
            Refund.request_key == bindparam("request_key", type_=Text()),
            Refund.cause == bindparam("cause", type_=Text()),
        ),
    )
)
_ACCOUNTS = select(PaymentAccount.__table__).join(
    Payment, (Payment.tenant_id == PaymentAccount.tenant_id) & (Payment.account_id == PaymentAccount.id)
)
_ACCOUNT = Direct(_ACCOUNTS.where(Payment.tenant_id == _TENANT, Payment.id == _PAYMENT))
_THIS = Refund.tenant_id == _TENANT, Refund.id == _REFUND
_PAYMENT_OF_THIS = (
    Payment.tenant_id == _TENANT,
    Payment.id == select(Refund.payment_id).where(*_THIS).scalar_subquery(),
)
_GET_PAYMENT_OF_THIS = select(Payment.__table__).where(*_PAYMENT_OF_THIS)
_LOCK_PAYMENT_OF_THIS = Direct(_GET_PAYMENT_OF_THIS.with_for_update())
_LOCK = Direct(select(Refund.__table__).where(*_THIS).with_for_update())
_LOCK_INVOICE_OF_THIS = Direct(
    select(Invoice.__table__)
    .where(
        Invoice.tenant_id == _TENANT,
        Invoice.order_id == select(Refund.order_id).where(*_THIS).scalar_subquery(),
        or_(Invoice.status == "issued", Invoice.status == "paid"),
    )
    .with_for_update()
)
_SENT = (
    Direct(select(Refund.__table__).where(*_THIS)),
    Direct(_GET_PAYMENT_OF_THIS),
    Direct(_ACCOUNTS.where(*_PAYMENT_OF_THIS)),
)
_ADD = Direct(insert_of(Refund))
_CHANGING = (
    "status",
    "failure_reason",
    "provider_refund_id",
    "credit_note_id",
    "succeeded_at",
    "check_at",
    "version",
    "updated_at",
)
_WRITE = Direct(
    update(Refund)
    .where(*_THIS)
    .values({name: bindparam(name, type_=Refund.__table__.c[name].type) for name in _CHANGING})
)
_WITHOUT_CREDIT_NOTE = Direct(
    select(Refund.__table__)
    .where(
        Refund.tenant_id == _TENANT,
        Refund.order_id == _ORDER,
        Refund.status == "succeeded",
        Refund.credit_note_id.is_(None),
    )
    .order_by(Refund.id)
)


class Asked(NamedTuple):
    """What is known where a refund is asked for: the payment, locked, and what has been asked before.

    `under_way` is what its pending refunds add up to; `known` is the refund that the same request or event made.
    """

    payment: Payment
    account: PaymentAccount
    known: Refund | None
    under_way: int


class Settling(NamedTuple):
    """A refund with its payment and the invoice of its order, all locked."""

    payment: Payment
    refund: Refund
    invoice: Invoice | None


class Sent(NamedTuple):
    """A refund with what is needed to send it."""

    refund: Refund
    payment: Payment
    account: PaymentAccount


def due_for_check(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What the reconciling of refunds finds."""
    return select(Refund.id).where(*_is_due(now))


def _is_due(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return Refund.status == "pending", Refund.check_at <= now


class RefundRepository(Repository[Refund]):
    """Refunds of one tenant."""

    model = Refund

    def asking(
        self, payment_id: UUID, *, request_key: str | None = None, cause: str | None = None
    ) -> tuple[Run, ...]:
        """The statements that lock a payment and read what has been asked of it, to be sent along with others."""
        payment = {"tenant": self.uow.tenant_id, "payment": payment_id}
        asked = {"tenant": self.uow.tenant_id, "request_key": request_key, "cause": cause}
        locking = PaymentRepository(self.uow).locking(payment_id)
        return locking, (_ACCOUNT, payment), (_ASKED, asked), (_PENDING, payment)

    async def ask(
        self, payment_id: UUID, *, request_key: str | None = None, cause: str | None = None
    ) -> Asked | None:
        """Lock a payment and read what has been asked of it; None where there is no such payment."""
        return self.asked(
            *await all_of(self.uow, *self.asking(payment_id, request_key=request_key, cause=cause))
        )

    @staticmethod
    def asked(
        payment: Sequence[Row], account: Sequence[Row], known: Sequence[Row], under_way: Sequence[Row]
    ) -> Asked | None:
        """What `asking` answered; None where there is no such payment."""
        if not payment:
            return None
        return Asked(
            hydrated(Payment, payment)[0],
            hydrated(PaymentAccount, account)[0],
            next(iter(hydrated(Refund, known)), None),
            int(under_way[0][0]),
        )

    async def settling(self, refund_id: UUID) -> Settling | None:
        """A refund to be settled, with what its outcome changes."""
        this = {"tenant": self.uow.tenant_id, "refund": refund_id}
        payments, refunds, invoices = await all_of(
            self.uow, (_LOCK_PAYMENT_OF_THIS, this), (_LOCK, this), (_LOCK_INVOICE_OF_THIS, this)
        )
        if not refunds:
            return None
        return Settling(
            hydrated(Payment, payments)[0],
            hydrated(Refund, refunds)[0],
            next(iter(hydrated(Invoice, invoices)), None),
        )

    async def sent(self, refund_id: UUID) -> Sent | None:
        """A refund with its payment and account, as they are."""
        this = {"tenant": self.uow.tenant_id, "refund": refund_id}
        refunds, payments, accounts = await read(self.uow, *((statement, this) for statement in _SENT))
        if not refunds:
            return None
        return Sent(
            hydrated(Refund, refunds)[0],
            hydrated(Payment, payments)[0],
            hydrated(PaymentAccount, accounts)[0],
        )

    async def add(self, row: Refund) -> Refund:
        """Insert a refund with the next flush."""
        self.uow.insert(_ADD, row)
        return row

    async def save(self, row: Refund) -> Refund:
        """Write what became of a refund that was locked here with the next flush; its version grows."""
        self.uow.raise_version(row)
        key = {"tenant": row.tenant_id, "refund": row.id}
        self.uow.write(_WRITE, {**key, **values_of(row, _CHANGING)})
        return row

    def finding_without_credit_note(self, order_id: UUID) -> Run:
        """The statement for the refunds of an order that succeeded before there was an invoice to credit."""
        return _WITHOUT_CREDIT_NOTE, {"tenant": self.uow.tenant_id, "order": order_id}

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
