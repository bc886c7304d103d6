"""The rules of simulated pushes."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.filters import ListQuery
from libs.common.resource import ResourceService
from services.notifications.sandbox.models import SandboxMessage
from services.notifications.sandbox.repository import SandboxRepository


class SandboxService(ResourceService[SandboxMessage]):
    """Simulated pushes: a business reads its own, the platform's staff read all."""

    repository = SandboxRepository
    noun = "message"

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page."""
        if self.uow.actor.tenant_id == OPERATOR_TENANT_ID or self.uow.actor.is_superuser:
            await self.uow.enter_platform()
        return await super().list(query)
