"""All SQL of webhooks."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update

from libs.common.db.direct import Direct, hydrated, insert_of, unsaved, values_of
from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.payments.webhooks.models import WebhookDelivery

_TENANT, _DELIVERY = bindparam("tenant", type_=Uuid()), bindparam("delivery", type_=Uuid())
_KEEP = Direct(insert_of(WebhookDelivery).on_conflict_do_nothing().returning(WebhookDelivery.id))
_LOCK = Direct(
    select(WebhookDelivery.__table__)
    .where(WebhookDelivery.tenant_id == _TENANT, WebhookDelivery.id == _DELIVERY)
    .with_for_update()
)
_WRITTEN = ("outcome", "processed_at", "version", "updated_at")
_WRITE = Direct(
    update(WebhookDelivery)
    .where(WebhookDelivery.tenant_id == _TENANT, WebhookDelivery.id == _DELIVERY)
    .values({name: bindparam(name, type_=WebhookDelivery.__table__.c[name].type) for name in _WRITTEN})
)


class WebhookRepository(Repository[WebhookDelivery]):
    """Webhooks of one tenant's accounts."""

    model = WebhookDelivery

    async def keep(self, **columns: Any) -> UUID | None:
        """Insert a delivery; None where its message or its event was kept before."""
        new = unsaved(
            WebhookDelivery,
            tenant_id=self.uow.tenant_id,
            id=new_id(),
            created_at=self.uow.now,
            updated_at=self.uow.now,
            version=1,
            **columns,
        )
        kept = await _KEEP.first(self.uow, **values_of(new))
        return kept[0] if kept else None

    async def lock(self, delivery_id: UUID) -> WebhookDelivery | None:
        """The delivery with this id, locked; see `write`."""
        rows = await _LOCK.all(self.uow, tenant=self.uow.tenant_id, delivery=delivery_id)
        return next(iter(hydrated(WebhookDelivery, rows)), None)

    def write(self, delivery: WebhookDelivery) -> None:
        """Write what came of a locked delivery with the next flush, raising its version."""
        delivery.version += 1
        delivery.updated_at = self.uow.now
        key = {"tenant": delivery.tenant_id, "delivery": delivery.id}
        self.uow.write(_WRITE, {**key, **values_of(delivery, _WRITTEN)})
