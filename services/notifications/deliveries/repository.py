"""All SQL of deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, DateTime, Uuid, any_, bindparam, or_, select, text, update

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct, Run, hydrated
from libs.common.db.repository import Repository
from services.notifications.deliveries.models import Delivery, DeliveryStatus

_COLUMNS = (
    "tenant_id",
    "id",
    "channel",
    "type",
    "user_id",
    "recipient",
    "subject",
    "text",
    "html",
    "data",
    "dedupe_key",
    "status",
    "attempts",
    "last_error",
    "due_at",
    "finished_at",
    "created_at",
    "updated_at",
    "version",
)
_ADD = Direct(
    bulk_insert(Delivery, _COLUMNS)
    .on_conflict_do_nothing(index_elements=["tenant_id", "dedupe_key"])
    .returning(Delivery.id, Delivery.status)
)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_CLAIM = Direct(
    update(Delivery)
    .where(
        Delivery.tenant_id == bindparam("tenant", type_=Uuid()),
        Delivery.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        Delivery.status == DeliveryStatus.PENDING,
        or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= _NOW),
    )
    .values(
        attempts=Delivery.attempts + 1,
        claimed_until=bindparam("until", type_=DateTime(timezone=True)),
        updated_at=_NOW,
    )
    .returning(*Delivery.__table__.columns)
)
_PUT_OFF = Direct(
    update(Delivery)
    .where(
        Delivery.tenant_id == bindparam("tenant", type_=Uuid()),
        Delivery.id == bindparam("delivery", type_=Uuid()),
    )
    .values(
        due_at=bindparam("until", type_=DateTime(timezone=True)),
        attempts=Delivery.attempts - 1,
        claimed_until=None,
    )
)
_SENT = Direct(
    text(
        "UPDATE notifications.deliveries AS delivery SET status = 'sent', finished_at = :now, updated_at = :now, "
        "claimed_until = NULL, last_error = NULL, provider_message_id = sent.message_id, "
        "version = delivery.version + 1 "
        "FROM jsonb_to_recordset(CAST(:sent AS jsonb)) AS sent (id uuid, attempts int, message_id text) "
        "WHERE delivery.tenant_id = :tenant AND delivery.id = sent.id AND delivery.status = 'pending' "
        "AND delivery.attempts = sent.attempts"
    )
)


class DeliveryRepository(Repository[Delivery]):
    """Deliveries of one tenant."""

    model = Delivery

    @staticmethod
    def adding(rows: Sequence[dict[str, Any]]) -> Run:
        """The statement that adds deliveries, without those whose key is there already; it gives id and status."""
        return _ADD, bulk_values(rows)

    async def claim(self, delivery_ids: Sequence[UUID], seconds: float) -> Sequence[Delivery]:
        """Take due deliveries for one try, without those that are finished or that another worker has."""
        now = self.uow.now
        rows = await _CLAIM.all(
            self.uow,
            tenant=self.uow.tenant_id,
            ids=list(delivery_ids),
            now=now,
            until=now + timedelta(seconds=seconds),
        )
        return hydrated(Delivery, rows)

    def put_off(self, claimed: Delivery, until: datetime) -> None:
        """Give back the claim on one that was not tried, with the next flush; it is due again at a time."""
        claimed.due_at, claimed.claimed_until, claimed.attempts = until, None, claimed.attempts - 1
        values = {"tenant": self.uow.tenant_id, "delivery": claimed.id, "until": until}
        self.uow.write(_PUT_OFF, values)

    async def pending(self, delivery_ids: Sequence[UUID]) -> list[UUID]:
        """Those of these that are not finished."""
        statement = select(Delivery.id).where(
            Delivery.tenant_id == self.uow.tenant_id,
            Delivery.id.in_(list(delivery_ids)),
            Delivery.status == DeliveryStatus.PENDING,
        )
        return list((await self.session.scalars(statement)).all())

    async def settle_sent(self, sent: Sequence[tuple[Delivery, str]]) -> None:
        """Record those that the provider has taken with its ids, unless another worker took over meanwhile."""
        rows = [
            {"id": row.id, "attempts": row.attempts, "message_id": message_id} for row, message_id in sent
        ]
        await _SENT.run(
            self.uow, tenant=self.uow.tenant_id, now=self.uow.now, sent=orjson.dumps(rows).decode()
        )

    async def settle(self, claimed: Delivery, values: dict[str, Any]) -> bool:
        """Record what came of a try; False where another worker took over meanwhile."""
        statement = (
            update(Delivery)
            .where(
                Delivery.tenant_id == self.uow.tenant_id,
                Delivery.id == claimed.id,
                Delivery.status == DeliveryStatus.PENDING,
                Delivery.attempts == claimed.attempts,
            )
            .values(claimed_until=None, updated_at=self.uow.now, version=Delivery.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        return bool((await self.session.execute(statement)).rowcount)  # type: ignore[attr-defined]

    async def overdue(self, before: datetime, limit: int) -> list[tuple[UUID, UUID, int]]:
        """Tenant, id and tries of pending deliveries that were due before a time."""
        statement = (
            select(Delivery.tenant_id, Delivery.id, Delivery.attempts)
            .where(
                Delivery.status == DeliveryStatus.PENDING,
                Delivery.due_at < before,
                or_(Delivery.claimed_until.is_(None), Delivery.claimed_until < before),
            )
            .order_by(Delivery.due_at)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in await self.session.execute(statement)]
