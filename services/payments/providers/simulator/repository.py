"""All SQL of checkouts of the simulator and their refunds: what opens, shows or locks them is one round trip."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, select, update

from libs.common.db.direct import Direct, all_of, hydrated, insert_of, values_of
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
_LOCK = Direct(select(SandboxCheckout.__table__).where(SandboxCheckout.code == _CODE).with_for_update())
_LOCK_OF_ACCOUNT_AND_CODE = Direct(
    select(SandboxCheckout.__table__).where(*_OF_ACCOUNT, SandboxCheckout.code == _CODE).with_for_update()
)
_REFUNDS_OF_CODE = (
    select(SandboxRefund.__table__)
    .join(
        SandboxCheckout,
        (SandboxCheckout.tenant_id == SandboxRefund.tenant_id)
        & (SandboxCheckout.id == SandboxRefund.checkout_id),
    )
    .where(*_OF_ACCOUNT, SandboxCheckout.code == _CODE)
)
_REFUNDS = Direct(_REFUNDS_OF_CODE.order_by(SandboxRefund.id))
_REFUND_OF_KEY = Direct(
    _REFUNDS_OF_CODE.where(SandboxRefund.idempotency_key == bindparam("key", type_=Text()))
)
_ADD_REFUND = Direct(insert_of(SandboxRefund))
_WRITTEN = ("status", "payment_code", "reason", "refunded_minor")
_WRITE = Direct(
    update(SandboxCheckout)
    .where(SandboxCheckout.tenant_id == _TENANT, SandboxCheckout.id == bindparam("checkout", type_=Uuid()))
    .values({name: bindparam(name, type_=SandboxCheckout.__table__.c[name].type) for name in _WRITTEN})
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

    async def lock(self, code: str) -> SandboxCheckout | None:
        """The checkout with this public name, locked; see `write`."""
        return next(iter(hydrated(SandboxCheckout, await _LOCK.all(self.uow, code=code))), None)

    async def lock_for_refund(
        self, account_id: UUID, code: str, key: str
    ) -> tuple[SandboxCheckout | None, SandboxRefund | None]:
        """The checkout of an account, locked, and the refund of it that this idempotency key has made."""
        named = {"tenant": self.uow.tenant_id, "account": account_id, "code": code}
        rows, refunds = await all_of(
            self.uow, (_LOCK_OF_ACCOUNT_AND_CODE, named), (_REFUND_OF_KEY, {**named, "key": key})
        )
        checkout = next(iter(hydrated(SandboxCheckout, rows)), None)
        return checkout, next(iter(hydrated(SandboxRefund, refunds)), None)

    def write(self, checkout: SandboxCheckout) -> None:
        """Write a locked checkout with the next flush."""
        key = {"tenant": checkout.tenant_id, "checkout": checkout.id}
        self.uow.write(_WRITE, {**key, **values_of(checkout, _WRITTEN)})

    def add_refund(self, refund: SandboxRefund) -> None:
        """Insert a refund with the next flush."""
        self.uow.insert(_ADD_REFUND, refund)
