"""What the simulated model says: it looks at figures once, then repeats what it saw. Its name says how it misbehaves."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

_SHOWN = 3


@dataclass(frozen=True)
class Heard:
    """A request in words of either endpoint: `(kind, text)` of what was said, and the tools it may call."""

    model: str
    said: tuple[tuple[str, str], ...]
    tools: tuple[str, ...]
    may_call: bool


@dataclass(frozen=True)
class Reply:
    """What it says: a text, or calls as `(name, arguments)`."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()


def think(heard: Heard) -> Reply:
    """The reply to a request."""
    kind, text = heard.said[-1]
    outputs = [said for said in heard.said if said[0] == "output"]
    if heard.model == "sim-loops":
        return Reply(calls=((heard.tools[0], "{}"),))
    if heard.may_call and heard.tools:
        if kind == "output" and '"error"' in text and len(outputs) == 1:
            return Reply(calls=(_wanted(heard),))
        if kind == "user" and not _is_correction(text):
            if heard.model == "sim-malformed":
                return Reply(calls=((heard.tools[0], '{"period": '),))
            if heard.model == "sim-unknown":
                return Reply(calls=(("delete_everything", "{}"),))
            return Reply("Let me look. " if heard.model == "sim-talks" else "", (_wanted(heard),))
    told = _told(outputs[-1][1]) if outputs else "I see no figures."
    if heard.model == "sim-invents" or (heard.model == "sim-invents-once" and not _is_correction(text)):
        told += "\nThat makes ZAR 987,654.32 in all."
    return Reply(told)


def _is_correction(text: str) -> bool:
    return text.startswith("These numbers are in nothing")


def _wanted(heard: Heard) -> tuple[str, str]:
    """The tool that the question names, as `use <tool> {…}`, or the first."""
    questions = [text for kind, text in heard.said if kind == "user"]
    found = re.search(r"use (\w+)(?: (\{.*\}))?", questions[-1])
    return (found[1], found[2] or "{}") if found else (heard.tools[0], "{}")


def _told(output: str) -> str:
    given: dict[str, Any] = orjson.loads(output)
    if "error" in given:
        return f"I may not see that: {given['error']}."
    lines = [f"- {figure['label']}: {figure['value']}" for figure in given["figures"][:_SHOWN]]
    return "\n".join(["Here is what I found:", *lines]) if lines else "There is nothing."
