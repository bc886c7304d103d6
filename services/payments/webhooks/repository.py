"""All SQL of webhooks."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.payments.webhooks.models import WebhookDelivery


class WebhookRepository(Repository[WebhookDelivery]):
    """Webhooks of one tenant's accounts."""

    model = WebhookDelivery

    async def keep(self, **columns: Any) -> UUID | None:
        """Insert a delivery; None where its message or its event was kept before."""
        statement = (
            insert(WebhookDelivery)
            .values(
                tenant_id=self.uow.tenant_id,
                id=new_id(),
                created_at=self.uow.now,
                updated_at=self.uow.now,
                **columns,
            )
            .on_conflict_do_nothing()
            .returning(WebhookDelivery.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()
