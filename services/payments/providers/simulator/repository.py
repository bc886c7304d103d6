"""What opens and shows checkouts of the simulator: each is one round trip."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, select

from libs.common.db.direct import Direct, all_of, hydrated, insert_of
from libs.common.db.unit_of_work import UnitOfWork
from services.payments.providers.simulator.models import SandboxCheckout, SandboxRefund

_TENANT, _ACCOUNT = bindparam("tenant", type_=Uuid()), bindparam("account", type_=Uuid())
_CODE = bindparam("code", type_=Text())
_OF_ACCOUNT = (SandboxCheckout.tenant_id == _TENANT, SandboxCheckout.account_id == _ACCOUNT)
_ADD = Direct(insert_of(SandboxCheckout).on_conflict_do_nothing())
_OF_KEY = Direct(
    select(SandboxCheckout.__table__).where(
        *_OF_ACCOUNT, SandboxCheckout.idempotency_key == bindparam("key", type_=Text())
    )
)
_OF_CODE = Direct(select(SandboxCheckout.__table__).where(SandboxCheckout.code == _CODE))
_OF_ACCOUNT_AND_CODE = Direct(
    select(SandboxCheckout.__table__).where(*_OF_ACCOUNT, SandboxCheckout.code == _CODE)
)
_REFUNDS = Direct(
    select(SandboxRefund.__table__)
    .join(
        SandboxCheckout,
        (SandboxCheckout.tenant_id == SandboxRefund.tenant_id)
        & (SandboxCheckout.id == SandboxRefund.checkout_id),
    )
    .where(*_OF_ACCOUNT, SandboxCheckout.code == _CODE)
    .order_by(SandboxRefund.id)
)


class SandboxCheckoutRepository:
    """Checkouts of the simulator."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def open(self, **values: Any) -> SandboxCheckout:
        """The checkout that this idempotency key has opened: one with these values, unless it was used before."""
        values |= {"created_at": self.uow.now, "updated_at": self.uow.now, "version": 1}
        key = {
            "tenant": values["tenant_id"],
            "account": values["account_id"],
            "key": values["idempotency_key"],
        }
        # Two calls with one key at once: the second waits here for the first, then finds its checkout.
        _, rows = await all_of(self.uow, (_ADD, values), (_OF_KEY, key))
        (checkout,) = hydrated(SandboxCheckout, rows)
        return checkout

    async def of_account(
        self, account_id: UUID, code: str
    ) -> tuple[SandboxCheckout | None, list[SandboxRefund]]:
        """The checkout of an account with this public name, and its refunds, oldest first."""
        named = {"tenant": self.uow.tenant_id, "account": account_id, "code": code}
        rows, refunds = await all_of(self.uow, (_OF_ACCOUNT_AND_CODE, named), (_REFUNDS, named))
        return next(iter(hydrated(SandboxCheckout, rows)), None), hydrated(SandboxRefund, refunds)

    async def show(self, code: str) -> SandboxCheckout | None:
        """The checkout with this public name, read in a transaction of its own."""
        return next(iter(hydrated(SandboxCheckout, await _OF_CODE.all_at_once(self.uow, code=code))), None)
