"""OpenAI's Chat Completions API (platform.openai.com/docs/api-reference/chat), which Ollama, vLLM and others speak, too."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from services.analytics.assistant.providers import errors
from services.analytics.assistant.providers.api import Api, as_object
from services.analytics.assistant.providers.base import (
    Done,
    End,
    Event,
    Item,
    ProviderFailed,
    Request,
    Said,
    TextDelta,
    ToolCall,
    ToolOutput,
    counted,
)

_ENDS = {"length": End.LENGTH, "content_filter": End.FILTER}


class OpenAIChat:
    """A model behind the Chat Completions API. `limit_field` is how the server calls the limit of a reply."""

    name = "openai_chat"

    def __init__(
        self, api: Api, model: str, *, streams: bool = True, limit_field: str = "max_completion_tokens"
    ) -> None:
        self._api = api
        self.model = model
        self._streams = streams
        self._limit_field = limit_field

    async def complete(self, request: Request) -> AsyncIterator[Event]:
        """See `LanguageModel`."""
        async with self._api.post("/chat/completions", self._body(request)) as reply:
            chunks = _Chunks()
            if not reply.is_stream:
                for event in chunks.take(await reply.json(), "message"):
                    yield event
            else:
                async for data in reply.events():
                    if data.strip() == "[DONE]":
                        break
                    for event in chunks.take(as_object(data), "delta"):
                        yield event
            for event in chunks.end():
                yield event

    async def close(self) -> None:
        """See `LanguageModel`."""
        await self._api.close()

    def _body(self, request: Request) -> dict[str, Any]:
        tools = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in request.tools
        ]
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": request.instructions}, *_messages(request.items)],
            self._limit_field: request.max_output_tokens,
            "stream": self._streams,
            **({"stream_options": {"include_usage": True}} if self._streams else {}),
            **({"tools": tools, "tool_choice": "auto" if request.may_call else "none"} if tools else {}),
        }


class _Chunks:
    """Puts together what comes in pieces: calls by their index, and why it ended."""

    def __init__(self) -> None:
        self._calls: dict[int, list[str]] = {}
        self._reason: str | None = None

    def take(self, chunk: dict[str, Any], part: str) -> Iterator[Event]:
        if isinstance(chunk.get("error"), dict):
            raise ProviderFailed(errors.FAULT)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            yield counted(usage, "prompt_tokens", "completion_tokens")
        for choice in (chunk.get("choices") or [])[:1]:
            said = choice.get(part) or {}
            if text := said.get("content") or said.get("refusal"):
                yield TextDelta(str(text))
            for position, call in enumerate(said.get("tool_calls") or []):
                self._take_call(int(call.get("index", position)), call)
            self._reason = choice.get("finish_reason") or self._reason

    def _take_call(self, index: int, call: dict[str, Any]) -> None:
        known = self._calls.setdefault(index, ["", "", ""])
        function = call.get("function") or {}
        known[0] = known[0] or str(call.get("id") or "")
        known[1] += str(function.get("name") or "")
        known[2] += str(function.get("arguments") or "")

    def end(self) -> Iterator[Event]:
        if self._reason is None:
            raise ProviderFailed(errors.CUT)
        for index, (call_id, name, arguments) in sorted(self._calls.items()):
            yield ToolCall(call_id or f"call_{index}", name, arguments or "{}")
        yield Done(_ENDS.get(self._reason, End.COMPLETE))


def _messages(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Calls that follow each other are one message of the model's."""
    calls: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, ToolCall):
            function = {"name": item.name, "arguments": item.arguments}
            calls.append({"id": item.id, "type": "function", "function": function})
            continue
        if calls:
            yield {"role": "assistant", "content": None, "tool_calls": calls}
            calls = []
        if isinstance(item, ToolOutput):
            yield {"role": "tool", "tool_call_id": item.call_id, "content": item.text}
        elif isinstance(item, Said):
            yield {"role": item.role, "content": item.text}
    if calls:
        yield {"role": "assistant", "content": None, "tool_calls": calls}
