"""The rules of conversations."""

from typing import Any
from uuid import UUID

from libs.common.resource import ResourceService
from services.analytics.conversations.models import Conversation
from services.analytics.conversations.repository import ConversationRepository, MessageRepository
from services.analytics.conversations.schemas import MessageQuery


class ConversationService(ResourceService[Conversation]):
    """Conversations of the acting user. The audit log, which others read, is told of them but not what they say."""

    repository = ConversationRepository
    noun = "conversation"
    secret_fields = frozenset({"title", "system_prompt"})
    rows: ConversationRepository

    async def prepare(self, values: dict[str, Any], row: Conversation | None) -> dict[str, Any]:
        """A new one is its maker's."""
        if row is not None:
            return values
        return {**values, "user_id": self.rows.user_id, "active_at": self.uow.now}

    async def messages(self, conversation_id: UUID, query: MessageQuery) -> dict[str, Any]:
        """One page of what was said.

        Raises:
            NotFound: there is no such conversation of the acting user.
        """
        await self.get(conversation_id)
        rows, cursor = await MessageRepository(self.uow, conversation_id).page(query)
        return {"items": rows, "next_cursor": cursor}
