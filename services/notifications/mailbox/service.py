"""The rules of kept mails."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.filters import ListQuery
from libs.common.resource import ResourceService
from services.notifications.mailbox.models import MailboxMessage
from services.notifications.mailbox.repository import MailboxRepository


class MailboxService(ResourceService[MailboxMessage]):
    """Kept mails: a business reads its own, the platform's staff read all."""

    repository = MailboxRepository
    noun = "mail"

    @property
    def notice(self) -> str:
        """What to tell whoever looks here."""
        if self.uow.context.resources["channels"].mail_is_kept:
            return "No SMTP server is configured: mails are kept here and not sent."
        return "Mails are sent over SMTP; only those from before are kept here."

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page, with the notice."""
        await self._enter()
        return {**await super().list(query), "notice": self.notice}

    async def get(self, row_id: UUID, *, lock: bool = False) -> MailboxMessage:
        """One mail."""
        await self._enter()
        return await super().get(row_id, lock=lock)

    async def _enter(self) -> None:
        self.uow.response_headers["X-Pillars-Mail"] = (
            "kept" if self.uow.context.resources["channels"].mail_is_kept else "sent"
        )
        if self.uow.actor.tenant_id == OPERATOR_TENANT_ID or self.uow.actor.is_superuser:
            await self.uow.enter_platform()
