"""Keeps the merged API document: asks the services for theirs, and merges anew when one of them changed."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from gateway.cache import SingleFlightCache
from gateway.fan_out import ask_all
from gateway.openapi import merge, resources
from gateway.operations.operation import Operation
from libs.common.actor import system_actor
from libs.common.apart import Apart
from libs.common.clock import Clock
from libs.common.runtime.upstreams import Upstreams

_KEEP_INCOMPLETE_SECONDS = 2.0
# A service makes its document when it is asked for the first time, which takes a second of CPU where nothing else runs.
_FIRST_SECONDS = 20.0
_ASK_SECONDS = 5.0

log = logging.getLogger("pillars.gateway")


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """The document as JSON, with the hash of what it was made from and the index of what it holds, by service."""

    body: bytes
    etag: str
    resources: Mapping[str, Mapping[str, str]]
    missing: tuple[str, ...]


class ApiDocuments:
    """Serves the document from memory; the services are asked again after `keep_seconds`."""

    def __init__(
        self, upstreams: Upstreams, clock: Clock, *, keep_seconds: float, version: str, url: str
    ) -> None:
        self._upstreams = upstreams
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._version = version
        self._url = url
        self._operations: tuple[Operation, ...] = ()
        self._kept: SingleFlightCache[str, ApiDocument] = SingleFlightCache(1)
        self._last: ApiDocument | None = None
        self._said: dict[str, str] = {}
        self._is_current = False
        # The documents of all services at once take tens of megabytes.
        self._merger = Apart(self._merge)

    def describe(self, operations: Iterable[Operation]) -> None:
        """Include these operations of the gateway."""
        self._operations = tuple(operations)

    async def get(self) -> ApiDocument:
        """The document; who cannot be asked now is in it as when it was asked last, and missing if it never was."""
        known = self._kept.get("", self._now())
        if known is None:
            known = await self._kept.make("", self._life, self._make)
        return known

    def _life(self, made: ApiDocument) -> tuple[float, float]:
        now, seconds = self._now(), self._keep_seconds
        is_whole = self._is_current and not made.missing
        return now, now + (seconds if is_whole else min(seconds, _KEEP_INCOMPLETE_SECONDS))

    async def _make(self) -> ApiDocument:
        names = self._upstreams.names
        asker = system_actor("gateway")
        # Nobody waits long for one that hangs once it is known what it said.
        seconds = _ASK_SECONDS if all(name in self._said for name in names) else _FIRST_SECONDS
        answers = await ask_all(
            self._upstreams, names, "/openapi.json", asker, read=lambda a: a.content, seconds=seconds
        )
        said = {name: body.decode(errors="replace") for name, body in answers.by_service.items()}
        said |= {name: self._said[name] for name in answers.unavailable if name in self._said}
        self._said, self._is_current = said, not answers.unavailable
        unknown = [name for name in answers.unavailable if name not in said]
        source = orjson.dumps([dict(sorted(said.items())), unknown])
        etag = f'"{hashlib.sha256(source).hexdigest()[:32]}"'
        if self._last is not None and self._last.etag == etag:
            return self._last
        merged = await self._merger.do(source)
        index, _, body = merged.partition(b"\n")
        missing, found = orjson.loads(index)
        if missing:
            log.warning("the API document lacks %s", ", ".join(missing))
        self._last = ApiDocument(body, etag, found, tuple(missing))
        return self._last

    def _merge(self, source: bytes) -> bytes:
        """What is missing and the index of the merged document on one line, then the document."""
        said, missing = orjson.loads(source)
        documents = {}
        for name, text in said.items():
            try:
                documents[name] = dict(orjson.loads(text))
            except (ValueError, TypeError):
                missing.append(name)
        document = merge(documents, self._operations, version=self._version, url=self._url)
        return orjson.dumps([missing, resources(document)]) + b"\n" + orjson.dumps(document)

    def _now(self) -> float:
        return self._clock.now().timestamp()
