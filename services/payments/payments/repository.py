"""All SQL of payments. Those that start and settle are read and written by `Direct` statements; lists go through the session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, bindparam, select, update

from libs.common.db.direct import Direct, Run, all_of, hydrated, insert_of, values_of
from libs.common.db.repository import Repository
from libs.common.runtime.context import ServiceContext
from services.payments.ownership import is_customer, is_own
from services.payments.payments.models import Payment
from services.payments.providers.base import Checkout

_TENANT, _PAYMENT = bindparam("tenant", type_=Uuid()), bindparam("payment", type_=Uuid())
_OF_ACCOUNT = (
    select(Payment.__table__)
    .where(Payment.tenant_id == _TENANT, Payment.account_id == bindparam("account", type_=Uuid()))
    .with_for_update()
)
_LOCK_OF_REFERENCE = Direct(_OF_ACCOUNT.where(Payment.id == _PAYMENT))
_LOCK_OF_CHECKOUT = Direct(
    _OF_ACCOUNT.where(Payment.checkout_id == bindparam("checkout", type_=Text()))
    .order_by(Payment.id)
    .limit(1)
)
_IS_THIS = (Payment.tenant_id == _TENANT, Payment.id == _PAYMENT)
_LOCK = Direct(select(Payment.__table__).where(*_IS_THIS).with_for_update())
_ADD = Direct(insert_of(Payment))
_KEPT = ("tenant_id", "id", "order_id", "order_number", "created_at")
_CHANGING = tuple(column.name for column in Payment.__table__.columns if column.name not in _KEPT)
_WRITE = Direct(
    update(Payment)
    .where(*_IS_THIS)
    .values({name: bindparam(name, type_=Payment.__table__.c[name].type) for name in _CHANGING})
)
_OPENED = ("checkout_id", "redirect_url", "instructions", "updated_at")
_OPEN = Direct(
    update(Payment)
    .where(*_IS_THIS, Payment.redirect_url.is_(None))
    .values({name: bindparam(name, type_=Payment.__table__.c[name].type) for name in _OPENED})
    .values(version=Payment.version + 1)
    .returning(*Payment.__table__.columns)
)


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
        of_account = {"tenant": self.uow.tenant_id, "account": account_id}
        if reference is not None:
            rows = await _LOCK_OF_REFERENCE.all(self.uow, **of_account, payment=reference)
        elif checkout_id is not None:
            rows = await _LOCK_OF_CHECKOUT.all(self.uow, **of_account, checkout=checkout_id)
        else:
            return None
        return next(iter(hydrated(Payment, rows)), None)

    async def add(self, row: Payment) -> Payment:
        """Insert a payment with the next flush."""
        self.uow.insert(_ADD, row)
        return row

    async def save(self, row: Payment) -> Payment:
        """Write the changes of a payment, with the next flush where the session does not know it; its version grows."""
        if self.uow.transaction.knows(row):
            return await super().save(row)
        self.uow.raise_version(row)
        key = {"tenant": row.tenant_id, "payment": row.id}
        self.uow.write(_WRITE, {**key, **values_of(row, _CHANGING)})
        return row

    def locking(self, payment_id: UUID) -> Run:
        """The statement that locks a payment whoever asks, to be sent along with others; its rows are to be hydrated."""
        return _LOCK, {"tenant": self.uow.tenant_id, "payment": payment_id}

    async def locked(self, payment_id: UUID) -> Payment | None:
        """A payment, locked, whoever asks: who may act on it has been settled by its order."""
        (rows,) = await all_of(self.uow, self.locking(payment_id))
        return next(iter(hydrated(Payment, rows)), None)

    async def open(self, payment_id: UUID, checkout: Checkout) -> Payment | None:
        """Keep what the provider has opened for a payment, unless its page is known already."""
        rows = await _OPEN.all(
            self.uow,
            tenant=self.uow.tenant_id,
            payment=payment_id,
            checkout_id=checkout.id,
            redirect_url=checkout.redirect_url,
            instructions=dict(checkout.instructions) if checkout.instructions else None,
            updated_at=self.uow.now,
        )
        return next(iter(hydrated(Payment, rows)), None) or await self.locked(payment_id)

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
