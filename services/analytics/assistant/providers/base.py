"""What every language model can do, in our words: the protocol, its values, its events and its errors."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

_MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said in the conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for figures. `arguments` is JSON as the model wrote it, well-formed or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool gave, as text."""

    call_id: str
    text: str


Item = Said | ToolCall | ToolOutput


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What the model is asked: our instructions, all that was said, and which tools it may call now."""

    instructions: str
    items: Sequence[Item]
    tools: Sequence[ToolSpec]
    max_output_tokens: int
    may_call: bool = True


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A part of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them."""

    input_tokens: int
    output_tokens: int


def counted(usage: Mapping[str, Any], given: str, made: str) -> Usage:
    """What a vendor has counted under these names, within what one reply can come to."""
    taken, said = (min(max(int(usage.get(name) or 0), 0), _MOST_TOKENS) for name in (given, made))
    return Usage(taken, said)


class End(StrEnum):
    """Why a reply ended."""

    COMPLETE = "complete"
    LENGTH = "length"
    FILTER = "filter"


@dataclass(frozen=True, slots=True)
class Done:
    """The reply is here in full, as far as it goes."""

    end: End


Event = TextDelta | ToolCall | Usage | Done


class ProviderFailed(Exception):
    """There is no reply; the text says why in plain words, for people, without anything that is secret."""


class ProviderBusy(ProviderFailed):
    """It may be asked again: after so many seconds, where it said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class LanguageModel(Protocol):
    """A language model.

    Attributes:
        name: of the provider, as in `provider` of answers.
        model: of the model.
    """

    name: str
    model: str

    def complete(self, request: Request) -> AsyncIterator[Event]:
        """The events of one reply; the last is `Done`.

        Raises:
            ProviderFailed: there is none, or not to its end.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...
