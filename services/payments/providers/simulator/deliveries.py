"""All SQL of the webhooks that the simulator owes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Integer, Text, Uuid, and_, bindparam, case, or_, select, update

from libs.common.db.direct import Direct, insert_of, unsaved
from libs.common.db.unit_of_work import UnitOfWork
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.simulator.models import SandboxDelivery
from services.payments.providers.simulator.schedule import LADDER

_TENANT, _DELIVERY = bindparam("tenant", type_=Uuid()), bindparam("delivery", type_=Uuid())
_IS_OPEN = and_(SandboxDelivery.delivered_at.is_(None), SandboxDelivery.given_up_at.is_(None))
_ACCOUNT = and_(
    PaymentAccount.tenant_id == SandboxDelivery.tenant_id, PaymentAccount.id == SandboxDelivery.account_id
)
_ADD = Direct(insert_of(SandboxDelivery))
_FIRST = Direct(
    select(
        SandboxDelivery.message_id,
        SandboxDelivery.body,
        PaymentAccount.id,
        PaymentAccount.provider,
        PaymentAccount.sealed_credentials,
    )
    .join(PaymentAccount, _ACCOUNT)
    .where(
        SandboxDelivery.tenant_id == _TENANT,
        SandboxDelivery.id == _DELIVERY,
        SandboxDelivery.attempts == 1,
        _IS_OPEN,
    )
)
_IS_TAKEN, _IS_GONE = bindparam("is_taken", type_=Boolean()), bindparam("is_gone", type_=Boolean())
_NOW = bindparam("now", type_=DateTime(timezone=True))
_RECORD = Direct(
    update(SandboxDelivery)
    .where(SandboxDelivery.tenant_id == _TENANT, SandboxDelivery.id == _DELIVERY)
    .values(
        last_answer=bindparam("answer", type_=Text()),
        delivered_at=case(
            (and_(_IS_TAKEN, SandboxDelivery.delivered_at.is_(None)), _NOW),
            else_=SandboxDelivery.delivered_at,
        ),
        given_up_at=case(
            (
                and_(
                    ~_IS_TAKEN,
                    SandboxDelivery.delivered_at.is_(None),
                    or_(_IS_GONE, SandboxDelivery.attempts > bindparam("most", type_=Integer())),
                ),
                _NOW,
            ),
            else_=SandboxDelivery.given_up_at,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a delivery: what is sent, to which account, and the secret it is signed with."""

    tenant_id: UUID
    delivery_id: UUID
    message_id: str
    body: bytes
    path: str
    secret: str


class DeliveryRepository:
    """Webhooks that are owed."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    def add(self, **columns: Any) -> None:
        """Write a delivery with the next flush, its first attempt under way."""
        new = unsaved(
            SandboxDelivery,
            attempts=1,
            next_attempt_at=self.uow.now + timedelta(seconds=LADDER[0]),
            created_at=self.uow.now,
            updated_at=self.uow.now,
            version=1,
            **columns,
        )
        self.uow.write(_ADD, new)

    async def first(self, delivery_id: UUID) -> Attempt | None:
        """The first attempt at a delivery of this tenant; None where it was made, or another one is under way.

        It is read in a transaction of its own, so that none is open while it is sent.
        """
        tenant_id = self.uow.tenant_id
        rows = await _FIRST.all_at_once(self.uow, tenant=tenant_id, delivery=delivery_id)
        for message_id, body, account_id, provider, sealed in rows:
            account = unsaved(PaymentAccount, id=account_id, provider=provider, sealed_credentials=sealed)
            return self._attempt(tenant_id, delivery_id, message_id, body, account)
        return None

    async def claim_due(self) -> Attempt | None:
        """Begin another attempt at the delivery that has been due for longest, if one is.

        The next one is set before this one is made: should the process die, the delivery comes due again.
        """
        statement = (
            select(SandboxDelivery, PaymentAccount)
            .join(PaymentAccount, _ACCOUNT)
            .where(_IS_OPEN, SandboxDelivery.next_attempt_at <= self.uow.now)
            .order_by(SandboxDelivery.next_attempt_at)
            .limit(1)
            .with_for_update(of=SandboxDelivery, skip_locked=True)
        )
        found = (await self.uow.session.execute(statement)).one_or_none()
        if found is None:
            return None
        delivery, account = found
        wait = LADDER[min(delivery.attempts, len(LADDER) - 1)]
        delivery.attempts += 1
        delivery.next_attempt_at = self.uow.now + timedelta(seconds=wait)
        return self._attempt(delivery.tenant_id, delivery.id, delivery.message_id, delivery.body, account)

    def record(self, attempt: Attempt, answer: str) -> None:
        """Write with the next flush what came of an attempt; what was delivered once stays so."""
        self.uow.write(
            _RECORD,
            {
                "tenant": attempt.tenant_id,
                "delivery": attempt.delivery_id,
                "answer": answer,
                "is_taken": answer.startswith("2"),
                "is_gone": answer == "410",
                "most": len(LADDER),
                "now": self.uow.now,
            },
        )

    def _attempt(
        self, tenant_id: UUID, delivery_id: UUID, message_id: str, body: bytes, account: PaymentAccount
    ) -> Attempt:
        secret = open_credentials(self.uow.context.keyring, account)["webhook_secret"]
        return Attempt(tenant_id, delivery_id, message_id, body, account.webhook_path, secret)
