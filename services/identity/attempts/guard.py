"""The guard before every password check: it counts in the database, and lets no more through than allowed.

An attempt is reserved and committed before the password is looked at, so guesses made at once cannot exceed the
limit, and no transaction stays open while a hash is computed.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.attempts.errors import TooManyAttempts
from services.identity.attempts.models import AttemptCounter
from services.identity.attempts.repository import AttemptRepository

_MINUTE = 60
# After this an attempt without an outcome is taken for one whose process died.
_PENDING_SECONDS = 30

_ACCOUNT, _ADDRESS, _PAIR = "account", "address", "pair"


@dataclass(slots=True)
class Attempt:
    """One attempt that was let through; the caller says whether the password was right."""

    succeeded: bool | None = None


class AttemptGuard:
    """Counts attempts by account, by address, and by both; successes leave no mark."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._settings = context.settings

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator[Attempt]:
        """Let one password check through; set `succeeded` on what is yielded.

        One that fails takes a while, for hashes that came from elsewhere are slower to check than those of nobody.

        Raises:
            TooManyAttempts: not now.
        """
        at_least = self._settings.failed_sign_in_seconds
        async with self._counted(_keys(name, address), at_least) as attempt:
            yield attempt

    async def throttle(self, what: str, name: str, address: str) -> None:
        """Count one request of a kind that is not guessing, such as for a mail, by name and address together.

        Raises:
            TooManyAttempts: not now.
        """
        account = hashlib.sha256(name.strip().lower().encode()).hexdigest()
        async with self._context.unit_of_work(platform=True) as uow:
            await self._reserve(uow, [(_PAIR, f"{what}|{account}|{_network(address)}")])

    @asynccontextmanager
    async def redemption(self, address: str) -> AsyncIterator[Attempt]:
        """Let a token be looked up; those that are none are counted by address, as wrong passwords are.

        Raises:
            TooManyAttempts: too many came from there.
        """
        network = _network(address)
        keys = [] if _is_loopback(network) else [(_ADDRESS, f"token|{network}")]
        async with self._counted(keys) as attempt:
            try:
                yield attempt
            finally:
                attempt.succeeded = bool(attempt.succeeded)

    async def forgive(self, name: str) -> None:
        """Forget the failures of an account, and end its lock: its person has come by another way."""
        account = hashlib.sha256(name.strip().lower().encode()).hexdigest()
        async with self._context.unit_of_work(platform=True) as uow:
            rows = AttemptRepository(uow)
            [counter] = await rows.lock([(_ACCOUNT, account)])
            counter.marks, counter.locked_until = [], None
            rows.save([counter])

    @asynccontextmanager
    async def _counted(
        self, keys: list[tuple[str, str]], failing_at_least: float = 0.0
    ) -> AsyncIterator[Attempt]:
        began = time.monotonic()
        async with self._context.unit_of_work(platform=True) as uow:
            await self._reserve(uow, keys)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            async with self._context.unit_of_work(platform=True) as uow:
                await self._settle(uow, keys, attempt.succeeded)
            if attempt.succeeded is False:
                await asyncio.sleep(began + failing_at_least - time.monotonic())

    async def _reserve(self, uow: UnitOfWork, keys: list[tuple[str, str]]) -> None:
        rows = AttemptRepository(uow)
        counters, now = await rows.lock(keys), uow.now
        for counter in counters:
            self._refresh(counter, now)
            if counter.locked_until is not None:
                raise TooManyAttempts(_seconds(counter.locked_until - now))
            limit = self._limit(counter.scope)
            if counter.scope == _PAIR:
                if len(counter.marks) >= limit:
                    oldest = datetime.fromtimestamp(counter.marks[0], now.tzinfo)
                    raise TooManyAttempts(_seconds(oldest + timedelta(seconds=_MINUTE) - now))
                counter.marks = [*counter.marks, now.timestamp()]
            else:
                if len(counter.marks) + counter.pending >= limit:
                    raise TooManyAttempts(1)
                counter.pending += 1
                counter.pending_at = now
        rows.save(counters)

    async def _settle(self, uow: UnitOfWork, keys: list[tuple[str, str]], succeeded: bool | None) -> None:
        rows = AttemptRepository(uow)
        counters, now = await rows.lock(keys), uow.now
        for counter in counters:
            if counter.scope == _PAIR:
                # The throttle is for guessing: whoever knew the password was not.
                if succeeded:
                    counter.marks = counter.marks[:-1]
                continue
            counter.updated_at = now
            counter.pending = max(0, counter.pending - 1)
            if succeeded is False:
                counter.marks = [*counter.marks, now.timestamp()]
                if len(counter.marks) >= self._limit(counter.scope):
                    counter.locked_until = now + timedelta(seconds=self._settings.lockout_seconds)
            elif succeeded and counter.scope == _ACCOUNT:
                # One's own success says nothing of what others try from the same address.
                counter.marks = []
        rows.save(counters)

    def _refresh(self, counter: AttemptCounter, now: datetime) -> None:
        counter.updated_at = now
        if counter.locked_until is not None and counter.locked_until <= now:
            counter.locked_until, counter.marks = None, []
        window = _MINUTE if counter.scope == _PAIR else self._settings.lockout_window_seconds
        counter.marks = [mark for mark in counter.marks if mark > now.timestamp() - window]
        if counter.pending_at is None or counter.pending_at < now - timedelta(seconds=_PENDING_SECONDS):
            counter.pending = 0

    def _limit(self, scope: str) -> int:
        limits: dict[str, int] = {
            _ACCOUNT: self._settings.lockout_failures,
            _ADDRESS: self._settings.lockout_address_failures,
            _PAIR: self._settings.sign_in_per_minute,
        }
        return limits[scope]


def _keys(name: str, address: str) -> list[tuple[str, str]]:
    # Hashed, because people type passwords into the wrong field.
    account = hashlib.sha256(name.strip().lower().encode()).hexdigest()
    network = _network(address)
    keys = [(_ACCOUNT, account), (_ADDRESS, network), (_PAIR, f"{account}|{network}")]
    # Loopback is this machine itself or a proxy on it: locking it would lock everybody out.
    return [key for key in keys if key[0] != _ADDRESS or not _is_loopback(network)]


def _is_loopback(network: str) -> bool:
    try:
        return ip_network(network, strict=False).is_loopback
    except ValueError:
        return False


def _network(address: str) -> str:
    """What one client holds: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    if parsed.is_loopback:
        return str(parsed)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def _seconds(delta: timedelta) -> int:
    return max(1, math.ceil(delta.total_seconds()))
