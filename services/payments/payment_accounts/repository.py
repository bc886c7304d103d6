"""All SQL of payment accounts."""

from uuid import UUID

from sqlalchemy import select

from libs.common.db.repository import Repository
from services.payments.payment_accounts.models import PaymentAccount


class PaymentAccountRepository(Repository[PaymentAccount]):
    """Payment accounts of one tenant."""

    model = PaymentAccount

    async def even_removed(self, account_id: UUID) -> PaymentAccount | None:
        """The account with this id, removed or not: money may still be under way through it."""
        statement = select(PaymentAccount).where(PaymentAccount.id == account_id)
        if not self.uow.is_platform:
            statement = statement.where(PaymentAccount.tenant_id == self.uow.tenant_id)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def active(self, currency: str) -> list[PaymentAccount]:
        """The accounts that take this currency now, oldest first."""
        return await self.find_all(
            PaymentAccount.currency == currency, PaymentAccount.is_active.is_(True), limit=20
        )
