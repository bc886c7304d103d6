"""Keeps what the FCM simulator delivers, where every process can read it."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.runtime.context import ServiceContext
from services.notifications.sandbox.models import SandboxMessage
from services.notifications.sandbox.repository import SandboxRepository


class PushRecorder:
    """Writes each message into the business that its data names."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def record(self, message: dict[str, Any]) -> None:
        """Keep one message."""
        data = message.get("data", {})
        tenant_id = UUID(data["company_id"]) if "company_id" in data else OPERATOR_TENANT_ID
        notification = message.get("notification", {})
        async with self._context.unit_of_work(tenant_id=tenant_id) as uow:
            row = SandboxMessage(
                token=str(message.get("token", "")),
                title=str(notification.get("title", "")),
                body=str(notification.get("body", "")),
                data=data,
                message=message,
            )
            await SandboxRepository(uow).add(row)
