"""How the simulator reads and writes the two endpoints (Responses, Chat Completions)."""

from collections.abc import Iterator
from typing import Any

import orjson

from services.analytics.assistant.providers.simulator.mind import Heard, Reply

USAGE = (120, 30)
_PIECE = 12


def heard(path: str, body: dict[str, Any]) -> Heard:
    """A request of either endpoint."""
    items = body["input"] if path.endswith("/responses") else body["messages"]
    said = []
    for item in items:
        if item.get("type") == "function_call_output":
            said.append(("output", item["output"]))
        elif item.get("role") == "tool":
            said.append(("output", item["content"]))
        elif item.get("role") in ("user", "assistant") and item.get("content"):
            said.append((item["role"], item["content"]))
    tools = [tool.get("function", tool)["name"] for tool in body.get("tools", ())]
    return Heard(body["model"], tuple(said), tuple(tools), body.get("tool_choice") == "auto")


def pieces(text: str) -> Iterator[str]:
    """A text as it comes."""
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def response(model: str, reply: Reply, *, end: str | None = None) -> dict[str, Any]:
    """An answer of the Responses API; `end` is why it is incomplete."""
    output: list[dict[str, Any]] = [
        {
            "type": "function_call",
            "id": f"fc_{n}",
            "call_id": f"call_{n}",
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        for n, (name, arguments) in enumerate(reply.calls)
    ]
    if reply.text:
        content = [{"type": "output_text", "text": reply.text, "annotations": []}]
        output.insert(0, {"type": "message", "id": "msg_1", "role": "assistant", "content": content})
    return {
        "id": "resp_1",
        "object": "response",
        "status": "incomplete" if end else "completed",
        "incomplete_details": {"reason": end} if end else None,
        "error": None,
        "model": model,
        "output": output,
        "usage": {"input_tokens": USAGE[0], "output_tokens": USAGE[1], "total_tokens": sum(USAGE)},
    }


def response_events(model: str, reply: Reply, *, end: str | None = None) -> Iterator[bytes]:
    """The same as a stream."""
    whole = response(model, reply, end=end)
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp_1"}}]
    events += [{"type": "response.output_text.delta", "delta": piece} for piece in pieces(reply.text)]
    for item in whole["output"]:
        if item["type"] == "function_call":
            events.append({"type": "response.function_call_arguments.delta", "delta": item["arguments"]})
        events.append({"type": "response.output_item.done", "item": item})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    for number, event in enumerate(events):
        data = orjson.dumps({**event, "sequence_number": number})
        yield b"event: " + event["type"].encode() + b"\ndata: " + data + b"\n\n"


def completion(model: str, reply: Reply, *, end: str | None = None) -> dict[str, Any]:
    """An answer of the Chat Completions API."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for n, (name, arguments) in enumerate(reply.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _reason(reply, end)}
    return {"id": "c_1", "object": "chat.completion", "model": model, "choices": [choice], "usage": _usage()}


def completion_events(model: str, reply: Reply, *, end: str | None = None) -> Iterator[bytes]:
    """The same as a stream; arguments of calls come in pieces."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"object": "chat.completion.chunk", "model": model, "choices": [choice], "usage": None}

    chunks = [chunk({"role": "assistant"})]
    chunks += [chunk({"content": piece}) for piece in pieces(reply.text)]
    for n, (name, arguments) in enumerate(reply.calls):
        call = {
            "index": n,
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        chunks.append(chunk({"tool_calls": [call]}))
        for piece in pieces(arguments):
            chunks.append(chunk({"tool_calls": [{"index": n, "function": {"arguments": piece}}]}))
    chunks.append(chunk({}, _reason(reply, end)))
    chunks.append({"object": "chat.completion.chunk", "model": model, "choices": [], "usage": _usage()})
    for one in chunks:
        yield b"data: " + orjson.dumps(one) + b"\n\n"
    yield b"data: [DONE]\n\n"


def _reason(reply: Reply, end: str | None) -> str:
    if end:
        return "length" if end == "max_output_tokens" else end
    return "tool_calls" if reply.calls else "stop"


def _usage() -> dict[str, int]:
    return {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
