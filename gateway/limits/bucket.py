"""The token bucket: what a limit is, what taking from it answers, and the port both stores implement."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Limit:
    """`per_minute` tokens flow in, up to `burst` may lie ready."""

    name: str
    per_minute: int
    burst: int

    @cached_property
    def per_second(self) -> float:
        """Tokens that flow in per second."""
        return self.per_minute / 60

    @cached_property
    def header(self) -> tuple[bytes, bytes]:
        """What an answer says of it."""
        return (b"ratelimit-limit", b"%d" % self.burst)

    def refilled(self, tokens: float, seconds: float) -> float:
        """How many tokens lie ready after some time; time that runs backwards adds none."""
        return min(float(self.burst), tokens + max(0.0, seconds) * self.per_second)


class Decision(NamedTuple):
    """Whether a request may pass, and how many tokens lie ready after it."""

    is_allowed: bool
    tokens: float
    limit: Limit

    @property
    def retry_after(self) -> int:
        """Whole seconds until one token lies ready, at least 1."""
        return max(1, math.ceil((1 - self.tokens) / self.limit.per_second))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit-*` (IETF draft "RateLimit header fields for HTTP", version 03)."""
        full = math.ceil((self.limit.burst - self.tokens) / self.limit.per_second)
        return [
            self.limit.header,
            (b"ratelimit-remaining", b"%d" % int(self.tokens)),
            (b"ratelimit-reset", b"%d" % full),
        ]


class Buckets(Protocol):
    """Keeps the buckets."""

    async def start(self) -> None:
        """Get ready."""
        ...

    async def stop(self) -> None:
        """Let go of what is held."""
        ...

    def take_now(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> Decision | None:
        """As `take`, or None where that means waiting for somebody else."""
        ...

    async def take(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> Decision:
        """Take `cost` tokens from the bucket of a key if they lie ready; 0 only looks whether one does.

        `now` in Unix seconds.
        """
        ...
