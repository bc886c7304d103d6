"""Answers a question by a language model: rounds of figures and words, and nothing said that no figure gives."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from services.analytics.assistant.answer import Answer
from services.analytics.assistant.figures import Figure
from services.analytics.assistant.model.grounds import Grounds
from services.analytics.assistant.model.instructions import instructions, output, spec, wishes
from services.analytics.assistant.model.redaction import redacted
from services.analytics.assistant.model.sentences import Sentences, Unfounded
from services.analytics.assistant.providers.base import (
    Done,
    End,
    Item,
    LanguageModel,
    Request,
    Said,
    TextDelta,
    ToolCall,
    ToolOutput,
    ToolSpec,
    Usage,
)
from services.analytics.assistant.tools.catalogue import TOOLS, open_to
from services.analytics.assistant.tools.tool import Asker, Result, run

log = logging.getLogger("pillars.analytics.assistant")

UNFOUNDED = "The language model named numbers that no figure gives."
CUT_OFF = "The answer of the language model was longer than it may be."
FILTERED = "The language model's service held the answer back."
NO_ANSWER = "The language model came to no answer."
NO_TOKENS = "The tokens that the business may use this month are used up."
_CALLS_AT_ONCE = 8
# What a model that has lost its way is told of, and what is kept of it.
_MOST_CALLS, _MOST_ARGUMENTS = 16, 2000
# How often an answer with unfounded numbers is sent back.
_CORRECTIONS = 1


class Unanswered(Exception):
    """The model gave no answer that can be shown; the text says why in plain words."""


class Telling(Protocol):
    """Where an answer is shown as it is made."""

    async def delta(self, text: str) -> None:
        """One more part."""
        ...

    async def reset(self) -> None:
        """The parts so far do not count."""
        ...


class Budget(Protocol):
    """Tokens that the business may use."""

    async def reserve(self, tokens: int) -> Callable[[int], Awaitable[None]] | None:
        """Set tokens aside; what comes back is called with how many were used. None where so many are not left."""
        ...


@dataclass(slots=True)
class _Turn:
    """What one answer has come to so far."""

    items: list[Item]
    grounds: Grounds
    results: list[Result] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    corrections: int = 0


class ModelAnswering:
    """One question to a language model."""

    def __init__(
        self, asker: Asker, model: LanguageModel, budget: Budget, telling: Telling, settings: Any
    ) -> None:
        self._asker = asker
        self._model = model
        self._budget = budget
        self._telling = telling
        self._settings = settings
        self._tools = [spec(tool) for tool in open_to(asker.actor)]

    async def answer(self, question: str, history: Sequence[Said], system_prompt: str | None) -> Answer:
        """The answer.

        Raises:
            ProviderFailed: the provider gives none.
            Unanswered: it gives none that can be shown.
        """
        today = self._asker.now.astimezone(ZoneInfo(self._asker.tz)).date()
        items: list[Item] = [] if not system_prompt else [wishes(system_prompt)]
        items += [Said(said.role, redacted(said.text)) for said in history]
        turn = _Turn([*items, Said("user", redacted(question))], Grounds(today))
        for number in range(self._settings.assistant_max_rounds + _CORRECTIONS + 1):
            may_call = number < self._settings.assistant_max_rounds
            text = await self._round(turn, may_call=may_call)
            if text is not None:
                return Answer(
                    content=text,
                    figures=tuple(turn.figures),
                    tool_calls=tuple(result.call for result in turn.results),
                    provider=self._model.name,
                    model=self._model.model,
                    input_tokens=turn.input_tokens,
                    output_tokens=turn.output_tokens,
                )
        raise Unanswered(NO_ANSWER)

    async def _round(self, turn: _Turn, *, may_call: bool) -> str | None:
        """One reply of the model; None where it led to figures, or was sent back."""
        request = _request(self._asker, turn.items, self._tools, self._settings, may_call=may_call)
        expected = _tokens_in(request)
        settle = await self._budget.reserve(expected + request.max_output_tokens)
        if settle is None:
            raise Unanswered(NO_TOKENS)
        calls: list[ToolCall] = []
        sentences, end = Sentences(turn.grounds), End.COMPLETE
        usage: Usage | None = None
        events = self._model.complete(request)
        try:
            async for event in events:
                if isinstance(event, TextDelta):
                    if said := sentences.feed(event.text.replace("\x00", "")):
                        await self._telling.delta(said)
                elif isinstance(event, ToolCall):
                    if len(calls) < _MOST_CALLS:
                        calls.append(event)
                elif isinstance(event, Usage):
                    usage = event
                elif isinstance(event, Done):
                    end = event.end
            if not (calls and may_call) and (said := sentences.end()):
                await self._telling.delta(said)
        except Unfounded as unfounded:
            await self._send_back(turn, sentences, unfounded)
            return None
        finally:
            await events.aclose()  # type: ignore[attr-defined]
            # What was not counted to the end is taken as estimated: the provider may bill it.
            used = usage or Usage(expected, len(sentences.text.encode()) // 3)
            turn.input_tokens += used.input_tokens
            turn.output_tokens += used.output_tokens
            await settle(used.input_tokens + used.output_tokens)
        if calls and may_call:
            if sentences.is_shown:
                await self._telling.reset()
            await self._look(turn, calls)
            return None
        if end is End.LENGTH or end is End.FILTER:
            raise Unanswered(CUT_OFF if end is End.LENGTH else FILTERED)
        if not sentences.text.strip():
            raise Unanswered(NO_ANSWER)
        return sentences.text.strip()

    async def _send_back(self, turn: _Turn, sentences: Sentences, unfounded: Unfounded) -> None:
        log.warning("an answer of %s held numbers of no figure", self._model.model)
        if sentences.is_shown:
            await self._telling.reset()
        turn.corrections += 1
        if turn.corrections > _CORRECTIONS:
            raise Unanswered(UNFOUNDED)
        named = ", ".join(unfounded.numbers[:5])
        turn.items += [
            Said("assistant", redacted(sentences.text)),
            Said(
                "user",
                f"These numbers are in nothing that a tool gave: {named}. Answer again, with such numbers only.",
            ),
        ]

    async def _look(self, turn: _Turn, calls: Sequence[ToolCall]) -> None:
        turn.items += calls
        for number, call in enumerate(calls):
            result = (
                await self._call(call)
                if number < _CALLS_AT_ONCE
                else Result(call.name, {}, status="too-many-calls", detail="Call fewer tools at once.")
            )
            turn.results.append(result)
            turn.figures += [figure for figure in result.figures if figure not in turn.figures]
            # What was refused was read nowhere, so nothing may rest on it.
            asked = result.arguments.values() if result.status == "ok" else ()
            turn.grounds.add(result.figures, result.stretch, asked)
            turn.items.append(ToolOutput(call.id, output(result)))

    async def _call(self, call: ToolCall) -> Result:
        tool = TOOLS.get(call.name)
        if tool is None:
            name = call.name[:100].replace("\x00", "")
            return Result(name, {}, status="unknown-tool", detail="There is no such tool.")
        arguments = _arguments_of(call)
        if arguments is None:
            detail = f"The arguments are no JSON object of at most {_MOST_ARGUMENTS} letters."
            return Result(tool.name, {}, status="validation-failed", detail=detail)
        return await run(tool, self._asker, {k: v for k, v in arguments.items() if v is not None})


def _arguments_of(call: ToolCall) -> dict[str, Any] | None:
    """What a tool is called with; None where that is no object, or holds what is not to be kept."""
    text = call.arguments or "{}"
    # They are kept and shown with the answer, and no column takes a NUL.
    if len(text) > _MOST_ARGUMENTS or "\\u0000" in text:
        return None
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return arguments if isinstance(arguments, dict) else None


def least_tokens(asker: Asker, question: str, settings: Any) -> int:
    """How many tokens are set aside for a question before anything is known of it."""
    tools = [spec(tool) for tool in open_to(asker.actor)]
    request = _request(asker, [Said("user", question)], tools, settings, may_call=True)
    return _tokens_in(request) + request.max_output_tokens


def _request(
    asker: Asker, items: Sequence[Item], tools: Sequence[ToolSpec], settings: Any, *, may_call: bool
) -> Request:
    today = asker.now.astimezone(ZoneInfo(asker.tz)).date()
    told = instructions(asker, str(today))
    return Request(told, items, tools, settings.assistant_max_output_tokens, may_call)


def _tokens_in(request: Request) -> int:
    """More tokens than a request is likely to hold: three bytes each."""
    items = sum(len(repr(item).encode()) for item in request.items)
    tools = sum(len(repr(tool)) for tool in request.tools)
    return (len(request.instructions) + items + tools) // 3
