"""What a model is told of a conversation, and how its stream is told of an answer as it is made."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select

from libs.common.actor import Actor
from libs.common.runtime.context import ServiceContext
from services.analytics.assistant.providers.base import Said
from services.analytics.conversations.models import Conversation
from services.analytics.conversations.recording import Claim, record_progress
from services.analytics.conversations.repository import MessageRepository

_MESSAGES = 20
_LETTERS = 12_000


async def told_before(context: ServiceContext, actor: Actor, claim: Claim) -> tuple[list[Said], str | None]:
    """The newest of what was said before the question, as much as is sent, and what the client wishes."""
    async with context.unit_of_work(actor) as uow:
        wishes = select(Conversation.system_prompt).where(
            Conversation.tenant_id == uow.tenant_id, Conversation.id == claim.conversation_id
        )
        system_prompt = await uow.session.scalar(wishes)
        messages = await MessageRepository(uow, claim.conversation_id).newest(_MESSAGES)
    said: list[Said] = []
    room = _LETTERS
    for message in reversed(messages):
        is_answered = message.status in ("answered", "completed")
        if message.id == claim.question_id or not is_answered:
            continue
        # Notices are for people.
        text = message.content.removesuffix(message.notice or "").strip()
        room -= len(text)
        if room < 0:
            break
        said.append(Said("user" if message.role == "user" else "assistant", text))
    return said[::-1], system_prompt


class StreamTelling:
    """Tells the stream of a conversation, each part in a transaction of its own."""

    def __init__(
        self, context: ServiceContext, actor: Actor, claim: Claim, wake: Callable[[UUID], None]
    ) -> None:
        self._context = context
        self._actor = actor
        self._claim = claim
        self._wake = wake
        self.is_shown = False

    async def delta(self, text: str) -> None:
        """One more part."""
        self.is_shown = True
        await self._tell("delta", text)

    async def reset(self) -> None:
        """The parts so far do not count."""
        self.is_shown = False
        await self._tell("reset", None)

    async def _tell(self, kind: str, text: str | None) -> None:
        async with self._context.unit_of_work(self._actor) as uow:
            await record_progress(uow, self._claim, kind, text)
        self._wake(self._claim.conversation_id)
