"""Texts with placeholders such as `{deal.name}`: a name in braces is replaced by what the field holds, nothing more."""

import re
from collections.abc import Callable

from services.crm.automation.vocabulary import Facts, Vocabulary

# One pair of braces or two; whatever else is in braces is text.
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][\w.]{0,100})\s*\}\}|\{\s*([A-Za-z_][\w.]{0,100})\s*\}")


def check(text: str, words: Vocabulary, *place: str | int) -> None:
    """Refuse a text that names what there is not.

    Raises:
        UnknownField: a placeholder names no field.
    """
    for found in _PLACEHOLDER.finditer(text):
        words.resolve(found[1] or found[2], *place)


def has_placeholders(text: str) -> bool:
    """Whether anything in a text is to be replaced."""
    return _PLACEHOLDER.search(text) is not None


def only(text: str) -> str | None:
    """The name of the field where a text is one placeholder and nothing else."""
    found = _PLACEHOLDER.fullmatch(text.strip())
    return (found[1] or found[2]) if found else None


def fill(text: str, words: Vocabulary, facts: Facts, most: int) -> str:
    """The text with what the fields hold now, at most so many characters. What they hold is not looked through again."""
    put: Callable[[re.Match[str]], str] = lambda found: facts.text(words.resolve(found[1] or found[2]))  # noqa: E731
    return _PLACEHOLDER.sub(put, text)[:most]
