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
from libs.common.clock import Clock
from libs.common.runtime.upstreams import Upstreams

_KEEP_INCOMPLETE_SECONDS = 2.0

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

    def describe(self, operations: Iterable[Operation]) -> None:
        """Include these operations of the gateway."""
        self._operations = tuple(operations)

    async def get(self) -> ApiDocument:
        """The document; services that cannot be asked now are missing in it."""
        known = self._kept.get("", self._now())
        if known is None:
            known = await self._kept.make("", self._life, self._make)
        return known

    def _life(self, made: ApiDocument) -> tuple[float, float]:
        now, seconds = self._now(), self._keep_seconds
        return now, now + (min(seconds, _KEEP_INCOMPLETE_SECONDS) if made.missing else seconds)

    async def _make(self) -> ApiDocument:
        names = self._upstreams.names
        answers = await ask_all(self._upstreams, names, "/openapi.json", system_actor("gateway"))
        source = orjson.dumps(answers.by_service, option=orjson.OPT_SORT_KEYS)
        etag = f'"{hashlib.sha256(source).hexdigest()[:32]}"'
        missing = tuple(answers.unavailable)
        if self._last is not None and (self._last.etag, self._last.missing) == (etag, missing):
            return self._last
        if answers.unavailable:
            log.warning("the API document lacks %s", ", ".join(answers.unavailable))
        document = merge(answers.by_service, self._operations, version=self._version, url=self._url)
        self._last = ApiDocument(orjson.dumps(document), etag, resources(document), missing)
        return self._last

    def _now(self) -> float:
        return self._clock.now().timestamp()
