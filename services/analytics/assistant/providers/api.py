"""Calls of an API of language models: time-outs, repeats where nothing has come yet, and a circuit breaker."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson

from libs.common.clock import Clock
from libs.common.http.breaker import CircuitBreaker
from libs.common.http.client.answer import Answer
from libs.common.http.client.errors import BadAnswer, CutShort, Disconnected, NotConnected
from libs.common.http.client.origin import Origin
from services.analytics.assistant.providers import errors
from services.analytics.assistant.providers.base import ProviderBusy, ProviderFailed

log = logging.getLogger("pillars.analytics.assistant")

TRIES = 3
_CONNECTIONS = 20
_CONNECT_SECONDS = 5.0
# An answer is text; beyond this it is something else.
_MOST_BYTES = 4_194_304


class Api:
    """One API at an address. `silence` bounds the seconds before an answer begins and between its parts."""

    def __init__(
        self,
        base_url: str,
        key: str | None,
        clock: Clock,
        *,
        silence: float,
        first_wait: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._clock = clock
        self._silence = silence
        self._first_wait = first_wait
        self._sleep = sleep
        self._breaker = CircuitBreaker(threshold=5, cooldown=30)
        # Certificates take memory, so it is made by the first call.
        self._origin: Origin | None = None
        # Who waits here is not taken for somebody whom the API keeps waiting.
        self._places = asyncio.Semaphore(_CONNECTIONS)

    @asynccontextmanager
    async def post(self, path: str, body: dict[str, Any]) -> AsyncIterator["Reply"]:
        """Send a body, and give the answer of status 200 to read.

        Raises:
            ProviderFailed: there is none.
        """
        async with self._places, self._post(path, orjson.dumps(body)) as reply:
            yield reply

    @asynccontextmanager
    async def _post(self, path: str, content: bytes) -> AsyncIterator["Reply"]:
        for attempt in range(1, TRIES + 1):
            try:
                answer = await self._try(path, content)
            except ProviderBusy as busy:
                wait = errors.wait_before(attempt, self._first_wait, busy.retry_after)
                if attempt == TRIES or wait is None:
                    raise
                await self._sleep(wait)
            else:
                break
        try:
            yield Reply(answer, self._silence)
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            # JSON, but not in the shape that the vendor documents.
            raise ProviderFailed(errors.GARBLED) from error
        finally:
            answer.close()

    async def _try(self, path: str, content: bytes) -> Answer:
        now = self._clock.now().timestamp()
        if not self._breaker.allows(now):
            raise ProviderFailed(errors.AWAY)
        if self._origin is None:
            self._origin = Origin(self._base_url, connections=_CONNECTIONS, connect_seconds=_CONNECT_SECONDS)
        headers = [(b"content-type", b"application/json"), (b"accept-encoding", b"identity")]
        if self._key:
            headers.append((b"authorization", f"Bearer {self._key}".encode()))
        try:
            async with asyncio.timeout(self._silence):
                answer = await self._origin.request(b"POST", path.encode(), headers, content)
                if answer.status == 200:
                    self._breaker.succeeded()
                    return answer
                said = await Reply(answer, self._silence).read()
        except TimeoutError:
            # Who has waited for so long does not wait once more.
            self._failed()
            raise ProviderFailed(errors.LATE) from None
        except (NotConnected, Disconnected) as error:
            self._failed()
            raise ProviderBusy(errors.AWAY) from error
        except (BadAnswer, ValueError) as error:
            self._failed()
            raise ProviderFailed(errors.GARBLED) from error
        raise self._refusal(answer, said)

    def _refusal(self, answer: Answer, said: bytes) -> ProviderFailed:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        error = error_of(said)
        # What the vendor says in its message may repeat the key or the question.
        log.warning(
            "the language model's service answered %s (%s, %s), request %s",
            answer.status,
            error.get("type"),
            error.get("code"),
            headers.get("x-request-id"),
        )
        if answer.status >= 500:
            self._failed()
        else:
            self._breaker.succeeded()
        return errors.failure(answer.status, headers, error, self._clock.now().timestamp())

    def _failed(self) -> None:
        self._breaker.failed(self._clock.now().timestamp())

    async def close(self) -> None:
        """End the connections."""
        if self._origin is not None:
            self._origin.close()


class Reply:
    """The body of an answer, to read as a whole or in parts."""

    def __init__(self, answer: Answer, silence: float) -> None:
        self._answer = answer
        self._silence = silence

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        kinds = [value for name, value in self._answer.headers if name.lower() == b"content-type"]
        return any(kind.lower().startswith(b"text/event-stream") for kind in kinds)

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ProviderFailed: it breaks off, falls silent, or is too long.
        """
        more, size = True, 0
        while more:
            try:
                async with asyncio.timeout(self._silence):
                    part, more = await self._answer.part()
            except TimeoutError:
                raise ProviderFailed(errors.LATE) from None
            except (CutShort, ConnectionError, BadAnswer) as error:
                raise ProviderFailed(errors.CUT) from error
            size += len(part)
            if size > _MOST_BYTES:
                raise ProviderFailed(errors.GARBLED)
            if part:
                yield part

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([part async for part in self.parts()])

    async def json(self) -> dict[str, Any]:
        """The whole body as a JSON object."""
        return as_object(await self.read())

    async def events(self) -> AsyncIterator[str]:
        """The `data` of each event of a stream (WHATWG server-sent events)."""
        data: list[str] = []
        rest = b""
        async for part in self.parts():
            *lines, rest = (rest + part).split(b"\n")
            for raw in lines:
                line = raw.rstrip(b"\r").decode("utf-8", "replace")
                if not line:
                    if data:
                        yield "\n".join(data)
                    data = []
                elif line.startswith("data:"):
                    data.append(line.removeprefix("data:").removeprefix(" "))
        if data:
            yield "\n".join(data)


def as_object(text: bytes | str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ProviderFailed: it is none.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProviderFailed(errors.GARBLED) from None
    if not isinstance(found, dict):
        raise ProviderFailed(errors.GARBLED)
    return found


def error_of(text: bytes) -> dict[str, Any]:
    """The error in a body, or nothing where it is not one of the vendor's."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, dict) else {}
