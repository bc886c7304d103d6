"""Keeps what the gateway remembers of rights in step with identity: it hears of changes over the bus.

While it is certain to hear of every change, answers about rights are kept for half a minute; in doubt for a second, as
`GATEWAY_ACTOR_CACHE_SECONDS` says. It is certain while the connection to the bus brings an answer back and identity says
that it holds nothing back, both asked twice a second while anything is remembered. Nothing is kept across a restart.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from libs.common.actor import system_actor
from libs.common.errors import AppError
from libs.common.messaging.listening import Listener
from libs.common.messaging.waiting import backoff, cancelled_by_us_only
from libs.common.runtime.upstreams import Upstreams
from libs.contracts.identity import CHANGES_OF_ACCESS

log = logging.getLogger("pillars.gateway")

_TYPES = tuple(event.wire_name for event in CHANGES_OF_ACCESS)
_LOOK_SECONDS = 0.5
# A look that takes longer says nothing.
_PATIENCE_SECONDS = 1.5
# What is remembered is gone through once for many changes, and for a twentieth of the time at most.
_SHARE, _LONGEST_WAIT_SECONDS = 20, 0.3


@dataclass(slots=True)
class Changed:
    """Whose rights changed: sessions, keys, people, everyone in a business; or perhaps anyone's."""

    sessions: set[UUID] = field(default_factory=set)
    keys: set[UUID] = field(default_factory=set)
    users: set[UUID] = field(default_factory=set)
    tenants: set[UUID] = field(default_factory=set)
    is_anyone: bool = False

    def note(self, data: Mapping[str, Any] | None) -> None:
        """Add whom an event names: the narrowest of what it names."""
        for name, found in (
            ("session_id", self.sessions),
            ("key_id", self.keys),
            ("user_id", self.users),
            ("company_id", self.tenants),
        ):
            text = (data or {}).get(name)
            if text is not None:
                try:
                    found.add(UUID(text))
                except (ValueError, TypeError, AttributeError):
                    break
                return
        self.is_anyone = True


class Memory(Protocol):
    """What is remembered of rights."""

    def forget_changed(self, changed: Changed) -> None:
        """Drop what is remembered of these, and whatever is being asked now."""
        ...


class AccessChanges:
    """Hears of changes and makes a memory forget; `is_certain` says whether it would hear of them all."""

    def __init__(
        self,
        upstreams: Upstreams,
        listener: Listener | None,
        memory: Memory,
        *,
        in_use_seconds: float,
        look_seconds: float = _LOOK_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self.is_certain = False
        self._upstreams = upstreams
        self._listener = listener
        self._memory = memory
        self._in_use_seconds = in_use_seconds
        self._look_seconds = look_seconds
        self._patience_seconds = patience_seconds
        self._changed = Changed()
        self._applying: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self._is_listening = False
        self._used_until = 0.0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen, where there is a listener; without one there is doubt for ever."""
        if self._listener is not None:
            self._tasks = [
                asyncio.create_task(self._listen(self._listener), name="changes of access"),
                asyncio.create_task(self._look(self._listener), name="certainty of access"),
            ]

    async def stop(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._applying is not None:
            self._applying.cancel()

    def used(self) -> None:
        """Something was learnt just now that may be remembered."""
        self._used_until = time.monotonic() + self._in_use_seconds
        if not self.is_certain:
            self._wake.set()

    async def _listen(self, listener: Listener) -> None:
        failures = 0

        def begun() -> None:
            nonlocal failures
            failures = 0
            self._is_listening = True
            self._wake.set()

        while True:
            try:
                with cancelled_by_us_only("the library gave up"):
                    await listener.listen(_TYPES, self._hear, begun)
            except Exception as error:
                failures += 1
                if not isinstance(error, ConnectionError):
                    log.exception("changes of rights are not heard")
                elif failures == 1:
                    log.warning("changes of rights are not heard, so rights are asked for often: %s", error)
            self._is_listening = False
            self._doubt()
            await asyncio.sleep(backoff(failures))

    async def _look(self, listener: Listener) -> None:
        while True:
            self._wake.clear()
            if not self._is_listening or time.monotonic() >= self._used_until:
                # Nothing is remembered for longer than a second, or nothing at all.
                self._doubt()
                await self._wake.wait()
                continue
            if await self._is_in_step(listener):
                self._trust()
            else:
                self._doubt()
            await asyncio.sleep(self._look_seconds)

    async def _is_in_step(self, listener: Listener) -> bool:
        try:
            with cancelled_by_us_only("the library gave up"):
                async with asyncio.timeout(self._patience_seconds):
                    await listener.check()
                    answer = await self._upstreams.call(
                        "identity", "GET", "/internal/access/unpublished", actor=system_actor("gateway")
                    )
            for _, data in answer["events"]:
                self._note(data)
            return bool(answer["is_whole"]) and self._is_listening
        except (AppError, ConnectionError, TimeoutError) as error:
            log.debug("whether changes of rights are heard is not certain: %s", error)
        except Exception:
            log.exception("whether changes of rights are heard cannot be told")
        return False

    def _trust(self) -> None:
        if not self.is_certain:
            # What was learnt before may have changed unheard.
            self._memory.forget_changed(Changed(is_anyone=True))
            self.is_certain = True

    def _doubt(self) -> None:
        if self.is_certain:
            self.is_certain = False
            self._memory.forget_changed(Changed(is_anyone=True))

    def _hear(self, _: str, data: dict[str, Any] | None) -> None:
        self._note(data)

    def _note(self, data: dict[str, Any] | None) -> None:
        self._changed.note(data)
        loop = asyncio.get_running_loop()
        if self._applying is None and loop.time() >= self._not_before:
            self._apply()
        elif self._applying is None:
            self._applying = loop.call_at(self._not_before, self._apply)

    def _apply(self) -> None:
        loop = asyncio.get_running_loop()
        changed, self._changed, self._applying = self._changed, Changed(), None
        began = loop.time()
        self._memory.forget_changed(changed)
        ended = loop.time()
        self._not_before = ended + min(_LONGEST_WAIT_SECONDS, _SHARE * (ended - began))
