"""What is known of an order that is to be paid, read in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, func, literal_column, select

from libs.common.db.direct import Direct, Row, Run, hydrated
from libs.common.db.unit_of_work import UnitOfWork
from services.payments.merchants.models import Merchant
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payments.models import Payment

_TENANT = bindparam("tenant_id", type_=Uuid())
_OF_ORDER = (Payment.tenant_id == _TENANT, Payment.order_id == bindparam("order_id", type_=Uuid()))
_ONE_AT_A_TIME = Direct(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text()), 0)))
)
_PENDING = Direct(
    select(Payment.__table__)
    # Written out, so that the index of pending payments answers it whatever is asked for.
    .where(*_OF_ORDER, Payment.status == literal_column("'pending'"))
    .with_for_update()
)
_IS_PAID = Direct(
    select(Payment.id)
    .where(*_OF_ORDER, Payment.status == "succeeded", Payment.refunded_minor < Payment.amount_minor)
    .limit(1)
)
_ACCOUNTS = Direct(
    select(PaymentAccount.__table__)
    .where(
        PaymentAccount.tenant_id == _TENANT,
        PaymentAccount.currency == bindparam("currency", type_=Text()),
        PaymentAccount.is_active,
        PaymentAccount.deleted_at.is_(None),
    )
    .order_by(PaymentAccount.id)
)
_NAME = Direct(select(Merchant.name).where(Merchant.tenant_id == _TENANT))


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands: its open payment, locked; whether it is paid; and who can be paid by which accounts.

    `accounts` are the active ones that take the currency, oldest first.
    """

    pending: Payment | None
    is_paid: bool
    accounts: list[PaymentAccount]
    merchant_name: str | None

    @staticmethod
    def reading(uow: UnitOfWork, order_id: UUID, currency: str) -> tuple[Run, ...]:
        """The statements that read it. They hold others off who would pay the order, to the end of the transaction."""
        tenant = {"tenant_id": uow.tenant_id}
        order = {**tenant, "order_id": order_id}
        return (
            (_ONE_AT_A_TIME, {"name": f"checkout:{order_id}"}),
            # Before what is paid is read: it waits for whoever is settling the payment.
            (_PENDING, order),
            (_IS_PAID, order),
            (_ACCOUNTS, {**tenant, "currency": currency}),
            (_NAME, tenant),
        )

    @classmethod
    def of(cls, rows: Sequence[Sequence[Row]]) -> "Standing":
        """What these statements have read."""
        _, pending, paid, accounts, names = rows
        return cls(
            pending=next(iter(hydrated(Payment, pending)), None),
            is_paid=bool(paid),
            accounts=hydrated(PaymentAccount, accounts),
            merchant_name=next((name for (name,) in names), None),
        )
