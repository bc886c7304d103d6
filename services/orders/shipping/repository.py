"""All SQL of shipping accounts and methods."""

from uuid import UUID

from sqlalchemy import select

from libs.common.db.repository import Repository
from services.orders.shipping.models import ShippingAccount, ShippingMethod

# A business that has more rates than this over all its accounts sees the first ones quoted.
MAX_METHODS = 1000


class ShippingAccountRepository(Repository[ShippingAccount]):
    """Shipping accounts of one tenant."""

    model = ShippingAccount


class ShippingMethodRepository(Repository[ShippingMethod]):
    """Shipping methods of one tenant."""

    model = ShippingMethod

    async def by_provider(self, method_ids: set[UUID] | None = None) -> list[tuple[str, ShippingMethod]]:
        """The methods (those named, or all) with the provider of their account, in one query."""
        statement = (
            select(ShippingAccount.provider, ShippingMethod)
            .join(
                ShippingAccount,
                (ShippingAccount.tenant_id == ShippingMethod.tenant_id)
                & (ShippingAccount.id == ShippingMethod.account_id),
            )
            .where(
                ShippingMethod.tenant_id == self.uow.tenant_id,
                ShippingMethod.deleted_at.is_(None),
                ShippingAccount.deleted_at.is_(None),
            )
            .order_by(ShippingMethod.account_id, ShippingMethod.position)
            .limit(MAX_METHODS)
        )
        if method_ids is not None:
            statement = statement.where(ShippingMethod.id.in_(method_ids))
        return [(provider, method) for provider, method in await self.session.execute(statement)]
