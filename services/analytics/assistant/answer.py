"""What answering gives, whoever answers."""

from dataclasses import dataclass
from typing import Any

from services.analytics.assistant.figures import Figure


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with what it rests on.

    `degraded` ones were made by rules for the `reason`, and bear a `notice`. Tokens are those that the provider counted.
    """

    content: str
    figures: tuple[Figure, ...]
    tool_calls: tuple[dict[str, Any], ...]
    provider: str
    model: str
    degraded: bool = False
    reason: str | None = None
    notice: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
