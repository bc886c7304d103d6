"""All SQL of conversations: each shows to the person alone whose it is."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from libs.common.db.repository import Repository
from libs.common.errors import PermissionDenied
from services.analytics.conversations.models import Conversation, Message


class ConversationRepository(Repository[Conversation]):
    """Conversations of the acting user; nobody else's, whatever the rights."""

    model = Conversation

    @property
    def user_id(self) -> UUID:
        """Whose they are.

        Raises:
            PermissionDenied: the caller is no person.
        """
        user_id = self.uow.actor.user_id
        if user_id is None:
            raise PermissionDenied(
                "Only a person has conversations.", required_permission="analytics.conversations.read"
            )
        return user_id

    @property
    def searched_owner(self) -> UUID:
        """The acting user."""
        return self.user_id

    def select(self) -> Select[Any]:
        """The conversations of the acting user."""
        return super().select().where(Conversation.user_id == self.user_id)


class MessageRepository(Repository[Message]):
    """Messages of one conversation, which the caller has looked up before."""

    model = Message

    def __init__(self, uow: Any, conversation_id: UUID) -> None:
        super().__init__(uow)
        self.conversation_id = conversation_id

    def select(self) -> Select[Any]:
        """The messages of the conversation."""
        return super().select().where(Message.conversation_id == self.conversation_id)

    async def newest(self, limit: int) -> list[Message]:
        """The newest messages, the oldest of them first."""
        statement = self.select().order_by(Message.created_at.desc(), Message.id.desc()).limit(limit)
        return list((await self.session.scalars(statement)).all())[::-1]

    async def answer_to(self, question_id: UUID) -> Message | None:
        """The answer to a question."""
        found = select(Message).where(
            Message.tenant_id == self.uow.tenant_id, Message.question_id == question_id
        )
        return (await self.session.scalars(found)).one_or_none()
