"""All SQL of shipping accounts and methods."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, Row, Run, hydrated, read
from libs.common.db.repository import Repository
from services.orders.carts.models import Cart
from services.orders.shipping.models import ShippingAccount, ShippingMethod

# A business that has more rates than this over all its accounts sees the first ones quoted.
MAX_METHODS = 1000
_BY_PROVIDER = (
    select(ShippingAccount.provider, ShippingMethod.__table__)
    .join(
        ShippingAccount,
        (ShippingAccount.tenant_id == ShippingMethod.tenant_id)
        & (ShippingAccount.id == ShippingMethod.account_id),
    )
    .where(
        ShippingMethod.tenant_id == bindparam("tenant_id", type_=Uuid()),
        ShippingMethod.deleted_at.is_(None),
        ShippingAccount.deleted_at.is_(None),
    )
    .order_by(ShippingMethod.account_id, ShippingMethod.position)
    .limit(MAX_METHODS)
)
_ALL = Direct(_BY_PROVIDER)
_NAMED = Direct(_BY_PROVIDER.where(ShippingMethod.id == any_(bindparam("method_ids", type_=ARRAY(Uuid())))))
_CHOSEN = Direct(
    _BY_PROVIDER.where(
        ShippingMethod.id
        == select(Cart.shipping_method_id)
        .where(
            Cart.tenant_id == bindparam("tenant_id", type_=Uuid()),
            Cart.id == bindparam("cart_id", type_=Uuid()),
        )
        .scalar_subquery()
    )
)


class ShippingAccountRepository(Repository[ShippingAccount]):
    """Shipping accounts of one tenant."""

    model = ShippingAccount


class ShippingMethodRepository(Repository[ShippingMethod]):
    """Shipping methods of one tenant."""

    model = ShippingMethod

    async def by_provider(self) -> list[tuple[str, ShippingMethod]]:
        """All methods with the provider of their account, in one query."""
        (rows,) = await read(self.uow, (_ALL, {"tenant_id": self.uow.tenant_id}))
        return self.paired(rows)

    def named(self, method_ids: set[UUID]) -> Run:
        """What asks for these methods; `paired` reads the answer."""
        return _NAMED, {"tenant_id": self.uow.tenant_id, "method_ids": list(method_ids)}

    def chosen(self, cart_id: UUID) -> Run:
        """What asks for the method that a cart is to be sent with; `paired` reads the answer."""
        return _CHOSEN, {"tenant_id": self.uow.tenant_id, "cart_id": cart_id}

    @staticmethod
    def paired(rows: Sequence[Row]) -> list[tuple[str, ShippingMethod]]:
        """Methods with the provider of their account."""
        methods = hydrated(ShippingMethod, (row[1:] for row in rows))
        return [(row[0], method) for row, method in zip(rows, methods, strict=True)]
