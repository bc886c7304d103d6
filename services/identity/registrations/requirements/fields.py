"""Whether an answer to a required field is one: pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

# A pattern may look at a text several times over; so much is looked at of it.
MOST_MATCHED = 200


def wrong_with(answer: Any, rule: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer under the rule of its field; None where nothing is."""
    kind = rule.get("type", "text")
    if kind == "boolean":
        return None if isinstance(answer, bool) else "must be true or false"
    if kind == "number":
        if isinstance(answer, bool) or not isinstance(answer, int):
            return "must be a whole number"
        low, high = rule.get("min"), rule.get("max")
        if (low is not None and answer < low) or (high is not None and answer > high):
            return "is out of range"
        return None
    if not isinstance(answer, str) or not answer.strip():
        return "must be a text"
    if kind == "date":
        try:
            date.fromisoformat(answer)
        except ValueError:
            return "must be a date such as 2026-05-31"
        return None
    if kind == "choice":
        return None if answer in rule.get("choices", ()) else "must be one of the choices"
    pattern = rule.get("pattern")
    if len(answer) > min(rule.get("max_length", 1000), 4000 if pattern is None else MOST_MATCHED):
        return "is too long"
    if pattern is not None and not re.fullmatch(pattern, answer):
        return "has not the form that is asked for"
    return None
