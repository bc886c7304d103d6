"""The assistant of one process: answers questions apart from the requests that asked them, so that nobody who leaves
ends an answer, and wakes the streams that follow.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from libs.common.actor import Actor
from libs.common.errors import RateLimited
from libs.common.runtime.context import ServiceContext
from services.analytics.assistant.answer import Answer
from services.analytics.assistant.offline.answering import answer_by_rules
from services.analytics.assistant.tools.tool import Asker
from services.analytics.assistant.words import language_of
from services.analytics.conversations.models import Message
from services.analytics.conversations.recording import INTERRUPTED, Claim, record_answer, record_failure

log = logging.getLogger("pillars.analytics.assistant")

RESOURCE = "assistant"
_NOT_CONFIGURED = "No language model is configured."


class Assistant:
    """Answers in this process."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._signals: dict[UUID, set[asyncio.Event]] = {}
        self._open: Counter[tuple[UUID | None, UUID | None]] = Counter()

    def start(self, actor: Actor, question: Message, claim: Claim) -> asyncio.Task[None]:
        """Begin to answer a question that was claimed."""
        asker = Asker(
            self._context,
            actor,
            self._context.clock.now(),
            question.tz or "UTC",
            language_of(question.content),
        )
        task = asyncio.create_task(
            self._run(asker, question.content, claim), name=f"answer {claim.answer_id}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, asker: Asker, question: str, claim: Claim) -> None:
        try:
            answer, is_told = await self._answer(asker, question, claim)
            async with self._context.unit_of_work(asker.actor) as uow:
                await record_answer(uow, claim, answer, is_told=is_told)
        except BaseException as error:
            # Who waits learns of it at once; were it not for this, when the claim has run out.
            with contextlib.suppress(Exception):
                async with self._context.unit_of_work(asker.actor) as uow:
                    await record_failure(uow, claim, INTERRUPTED)
            if isinstance(error, asyncio.CancelledError):
                raise
            log.error("a question could not be answered", exc_info=error)
        finally:
            self.wake(claim.conversation_id)

    async def _answer(self, asker: Asker, question: str, claim: Claim) -> tuple[Answer, bool]:
        lacking = self._context.settings.assistant_lacks
        return await answer_by_rules(asker, question, reason=_NOT_CONFIGURED, settings=lacking), False

    def wake(self, conversation_id: UUID) -> None:
        """Let the streams of a conversation look for events."""
        for signal in self._signals.get(conversation_id, ()):
            signal.set()

    def check_room(self, actor: Actor) -> None:
        """Refuse one more stream.

        Raises:
            RateLimited: the user has too many open.
        """
        if self._open[actor.tenant_id, actor.user_id] >= self._context.settings.assistant_streams_per_user:
            raise RateLimited("Too many streams are open; close one.", headers={"Retry-After": "30"})

    @contextlib.contextmanager
    def follow(self, actor: Actor, conversation_id: UUID) -> Iterator[asyncio.Event]:
        """A flag that is set when the conversation may have new events."""
        signal, whose = asyncio.Event(), (actor.tenant_id, actor.user_id)
        self._signals.setdefault(conversation_id, set()).add(signal)
        self._open[whose] += 1
        try:
            yield signal
        finally:
            self._open[whose] -= 1
            if not self._open[whose]:
                del self._open[whose]
            self._signals[conversation_id].discard(signal)
            if not self._signals[conversation_id]:
                del self._signals[conversation_id]

    def end_streams(self) -> None:
        """Let every stream come to its end, when the process stops."""
        for conversation_id in list(self._signals):
            self.wake(conversation_id)

    async def close(self) -> None:
        """End the answers under way; their questions may be asked again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def open_assistant(context: ServiceContext) -> AsyncIterator[Assistant]:
    """The assistant of this process, ended with it."""
    assistant = Assistant(context)

    async def end_with_process() -> None:
        await context.stopping.wait()
        assistant.end_streams()

    ending = asyncio.create_task(end_with_process(), name="end of the assistant's streams")
    try:
        yield assistant
    finally:
        ending.cancel()
        await assistant.close()


def assistant_of(context: ServiceContext) -> Assistant:
    """The assistant of this process."""
    assistant: Assistant = context.resources[RESOURCE]
    return assistant
