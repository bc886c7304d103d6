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
from services.analytics.assistant.model.answering import ModelAnswering, Unanswered, least_tokens
from services.analytics.assistant.offline.answering import answer_by_rules
from services.analytics.assistant.providers.base import ProviderFailed
from services.analytics.assistant.providers.errors import GARBLED, LATE
from services.analytics.assistant.providers.registry import make_model
from services.analytics.assistant.tools.tool import Asker
from services.analytics.assistant.words import language_of
from services.analytics.conversations import figures
from services.analytics.conversations.models import Message
from services.analytics.conversations.recording import INTERRUPTED, Claim, record_answer, record_failure
from services.analytics.conversations.telling import StreamTelling, told_before
from services.analytics.conversations.token_budget import MonthlyBudget

log = logging.getLogger("pillars.analytics.assistant")

RESOURCE = "assistant"
_NOT_CONFIGURED = "No language model is configured."


class Assistant:
    """Answers in this process."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._model = make_model(context.settings, context.clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._signals: dict[UUID, set[asyncio.Event]] = {}
        self._open: Counter[tuple[UUID | None, UUID | None]] = Counter()

    def start(self, actor: Actor, question: Message, claim: Claim) -> asyncio.Task[None]:
        """Begin to answer a question that was claimed."""
        asker = self._asker(actor, question.content, question.tz)
        task = asyncio.create_task(
            self._run(asker, question.content, claim), name=f"answer {claim.answer_id}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def least_tokens(self, actor: Actor, question: str) -> int:
        """How many tokens a question takes at least; none where rules answer."""
        if self._model is None:
            return 0
        return least_tokens(self._asker(actor, question, None), question, self._context.settings)

    def _asker(self, actor: Actor, question: str, tz: str | None) -> Asker:
        now = self._context.clock.now()
        return Asker(self._context, actor, now, tz or "UTC", language_of(question))

    async def _run(self, asker: Asker, question: str, claim: Claim) -> None:
        try:
            answer, is_told = await self._answer(asker, question, claim)
            async with self._context.unit_of_work(asker.actor) as uow:
                is_recorded = await record_answer(uow, claim, answer, is_told=is_told)
            if is_recorded:
                figures.answers.labels(self._by(answer)).inc()
        except BaseException as error:
            figures.answers.labels(figures.NOBODY).inc()
            # Who waits learns of it at once; were it not for this, when the claim has run out.
            with contextlib.suppress(Exception):
                async with self._context.unit_of_work(asker.actor) as uow:
                    await record_failure(uow, claim, INTERRUPTED)
            if isinstance(error, asyncio.CancelledError):
                raise
            log.error("a question could not be answered", exc_info=error)
        finally:
            self.wake(claim.conversation_id)

    def _by(self, answer: Answer) -> str:
        if not answer.degraded:
            return figures.MODEL
        return figures.RULES if self._model is None else figures.RULES_INSTEAD

    async def _answer(self, asker: Asker, question: str, claim: Claim) -> tuple[Answer, bool]:
        """The answer, and whether the stream has had its text."""
        settings = self._context.settings
        if self._model is None:
            lacking = settings.assistant_lacks
            return await answer_by_rules(asker, question, reason=_NOT_CONFIGURED, settings=lacking), False
        telling = StreamTelling(self._context, asker.actor, claim, self.wake)
        try:
            async with asyncio.timeout(settings.assistant_timeout):
                history, system_prompt = await told_before(self._context, asker.actor, claim)
                budget = MonthlyBudget(self._context, asker.actor)
                answering = ModelAnswering(asker, self._model, budget, telling, settings)
                return await answering.answer(question, history, system_prompt), True
        except TimeoutError:
            reason = LATE
        except (ProviderFailed, Unanswered) as error:
            reason = str(error)
        except Exception as error:
            # Whatever a model makes of us, whoever asks gets an answer.
            log.error("an answer of a language model could not be read", exc_info=error)
            reason = GARBLED
        log.warning("rules answer instead of %s: %s", self._model.model, reason)
        if telling.is_shown:
            await telling.reset()
        return await answer_by_rules(asker, question, reason=reason), False

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
        if self._model is not None:
            await self._model.close()


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
