"""What the two ways to another service share: `wire_in_process` and `wire_over_http`, each loaded where it is used."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson


class NotReached(Exception):
    """No answer came; whether the request was done is not known."""


class Answer:
    """What a service answered, read to its end."""

    __slots__ = ("content", "status_code")

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return orjson.loads(self.content)


class Wire(Protocol):
    """A way to one service."""

    async def send(
        self,
        method: str,
        path: str,
        params: Any,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
    ) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            TimeoutError: it took longer than `timeout` seconds.
            NotReached: no answer came.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
