"""Lets the words of a model through sentence by sentence, once their numbers are founded."""

import re

from services.analytics.assistant.model.grounds import Grounds

_END = re.compile(r"\n|[.!?…](?=\s)")
_MOST = 20_000


class Unfounded(Exception):
    """A text holds numbers that no figure gives."""

    def __init__(self, numbers: list[str]) -> None:
        super().__init__("unfounded numbers")
        self.numbers = numbers


class Sentences:
    """A text that grows. `text` is all of it, shown or not."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._shown = 0
        self.text = ""

    @property
    def is_shown(self) -> bool:
        """Whether a part of it was let through."""
        return self._shown > 0

    def feed(self, part: str) -> str:
        """Add a part, and give what can be shown now.

        Raises:
            Unfounded: what would be shown holds a number that no figure gives.
        """
        self.text = (self.text + part)[:_MOST]
        ends = [match.end() for match in _END.finditer(self.text, self._shown)]
        return self._show(ends[-1]) if ends else ""

    def end(self) -> str:
        """Give the rest.

        Raises:
            Unfounded: it holds a number that no figure gives.
        """
        return self._show(len(self.text))

    def _show(self, end: int) -> str:
        # Of all that is shown so far: what a line begins with tells the mark of a list from a number.
        if found := self._grounds.unfounded(self.text[:end]):
            raise Unfounded(found)
        said, self._shown = self.text[self._shown : end], max(end, self._shown)
        return said
