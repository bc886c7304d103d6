"""All SQL of payment accounts."""

from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from libs.common.db.direct import Direct, hydrated
from libs.common.db.repository import Repository
from services.payments.payment_accounts.models import PaymentAccount

_EVEN_REMOVED = select(PaymentAccount.__table__).where(
    PaymentAccount.id == bindparam("account", type_=Uuid())
)
_ANYONES = Direct(_EVEN_REMOVED)
_OWN = Direct(_EVEN_REMOVED.where(PaymentAccount.tenant_id == bindparam("tenant", type_=Uuid())))


class PaymentAccountRepository(Repository[PaymentAccount]):
    """Payment accounts of one tenant."""

    model = PaymentAccount

    async def even_removed(self, account_id: UUID) -> PaymentAccount | None:
        """The account with this id, removed or not: money may still be under way through it."""
        rows = await _OWN.all(self.uow, account=account_id, tenant=self.uow.tenant_id)
        return next(iter(hydrated(PaymentAccount, rows)), None)

    async def of_anyone(self, account_id: UUID) -> PaymentAccount | None:
        """The account with this id, removed or not, whosever it is; read in a transaction of its own."""
        rows = await _ANYONES.all_at_once(self.uow, account=account_id)
        return next(iter(hydrated(PaymentAccount, rows)), None)

    async def active(self, currency: str) -> list[PaymentAccount]:
        """The accounts that take this currency now, oldest first."""
        return await self.find_all(
            PaymentAccount.currency == currency, PaymentAccount.is_active.is_(True), limit=20
        )
