"""OpenAI's Responses API (platform.openai.com/docs/api-reference/responses). Nothing is kept there (`store: false`)."""

from collections.abc import AsyncIterator, Iterator, Mapping
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
    counted,
)

_ENDS = {"max_output_tokens": End.LENGTH, "content_filter": End.FILTER}


class OpenAIResponses:
    """A model behind the Responses API."""

    name = "openai_responses"

    def __init__(self, api: Api, model: str, *, streams: bool = True) -> None:
        self._api = api
        self.model = model
        self._streams = streams

    async def complete(self, request: Request) -> AsyncIterator[Event]:
        """See `LanguageModel`."""
        async with self._api.post("/responses", self._body(request)) as reply:
            if not reply.is_stream:
                for event in _read(await reply.json()):
                    yield event
                return
            async for data in reply.events():
                for event in _streamed(as_object(data)):
                    yield event
                    if isinstance(event, Done):
                        return
        raise ProviderFailed(errors.CUT)

    async def close(self) -> None:
        """See `LanguageModel`."""
        await self._api.close()

    def _body(self, request: Request) -> dict[str, Any]:
        tools = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
        return {
            "model": self.model,
            "instructions": request.instructions,
            "input": [_item(item) for item in request.items],
            "max_output_tokens": request.max_output_tokens,
            "store": False,
            "stream": self._streams,
            **({"tools": tools, "tool_choice": "auto" if request.may_call else "none"} if tools else {}),
        }


def _item(item: Item) -> dict[str, Any]:
    if isinstance(item, Said):
        return {"role": item.role, "content": item.text}
    if isinstance(item, ToolCall):
        return {
            "type": "function_call",
            "call_id": item.id,
            "name": item.name,
            "arguments": item.arguments,
        }
    return {"type": "function_call_output", "call_id": item.call_id, "output": item.text}


def _streamed(data: Mapping[str, Any]) -> Iterator[Event]:
    kind = data.get("type")
    if kind in ("response.output_text.delta", "response.refusal.delta"):
        yield TextDelta(str(data.get("delta", "")))
    elif kind == "response.output_item.done":
        yield from _calls(data.get("item"))
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        yield from _ended(data.get("response"))
    elif kind == "error":
        raise _failed(data)


def _read(response: Mapping[str, Any]) -> Iterator[Event]:
    """The events of an answer that came in one piece."""
    output = response.get("output")
    for item in output if isinstance(output, list) else []:
        if isinstance(item, dict) and item.get("type") == "message":
            for part in item.get("content") or []:
                if text := part.get("text") or part.get("refusal"):
                    yield TextDelta(str(text))
        yield from _calls(item)
    yield from _ended(response)


def _calls(item: Any) -> Iterator[Event]:
    if isinstance(item, dict) and item.get("type") == "function_call":
        yield ToolCall(str(item.get("call_id")), str(item.get("name")), str(item.get("arguments") or "{}"))


def _ended(response: Any) -> Iterator[Event]:
    if not isinstance(response, dict):
        raise ProviderFailed(errors.GARBLED)
    usage = response.get("usage")
    if isinstance(usage, dict):
        yield counted(usage, "input_tokens", "output_tokens")
    if response.get("status") == "failed" or response.get("error"):
        raise _failed(response.get("error") or {})
    if response.get("status") == "incomplete":
        reason = str((response.get("incomplete_details") or {}).get("reason"))
        yield Done(_ENDS.get(reason, End.LENGTH))
    else:
        yield Done(End.COMPLETE)


def _failed(error: Mapping[str, Any]) -> ProviderFailed:
    code = str(error.get("code") or "")
    if code.startswith("rate_limit"):
        return ProviderFailed(errors.BUSY)
    return ProviderFailed(errors.NO_CREDIT if "quota" in code else errors.FAULT)
