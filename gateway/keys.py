"""Identity's public signing keys, read over the wire and kept as loaded key objects."""

import asyncio
import logging
from typing import Any

from jose import jwk
from jose.backends.base import Key
from jose.exceptions import JOSEError

from gateway.settings import GatewaySettings
from libs.common.actor import system_actor
from libs.common.clock import Clock
from libs.common.errors import AppError, Unavailable
from libs.common.runtime.upstreams import Upstreams

log = logging.getLogger("pillars.gateway")

ALGORITHM = "RS256"
_LEAST_MODULUS_CHARS = 340  # base64url of 2048 bits
_MOST_KEYS = 20


class SigningKeys:
    """The key set by key id.

    An unknown id makes it look again, though not more often than `jwks_retry_seconds`: a rotation is seen at once,
    and forged ids cost identity nothing. So does whoever says that keys may have been withdrawn, before the next use.
    """

    def __init__(self, settings: GatewaySettings, upstreams: Upstreams, clock: Clock) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._clock = clock
        self._keys: dict[str, Key] = {}
        # When the read began that the keys are of, and the last one that was tried; None where they do not count.
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._tries = 0
        self._lock = asyncio.Lock()

    async def get(self, key_id: str, *, seconds: float) -> Key | None:
        """The key of an id, or None where identity does not know it; as identity had it so many seconds ago at most.

        Raises:
            Unavailable: there are no keys that count, and identity cannot be reached.
        """
        now = self._now()
        if not self._is_fresh(now, seconds) or (key_id not in self._keys and self._may_look_again(now)):
            await self._read()
        if self._read_at is None:
            raise Unavailable("Credentials cannot be checked now.")
        return self._keys.get(key_id)

    def has(self, key_id: str, now: float, *, seconds: float) -> bool:
        """Whether identity had the key so many seconds ago at most, as far as is known without asking it."""
        return self._is_fresh(now, seconds) and key_id in self._keys

    def forget(self) -> None:
        """Let no key count that was read before now, nor what is being read."""
        self._read_at = self._tried_at = None

    def _is_fresh(self, now: float, seconds: float) -> bool:
        # A clock may be set back.
        return self._read_at is not None and 0 <= now - self._read_at < seconds

    def _may_look_again(self, now: float) -> bool:
        wait = self._settings.jwks_retry_seconds
        return self._tried_at is None or not 0 <= now - self._tried_at < wait

    async def _read(self) -> None:
        tries = self._tries
        async with self._lock:
            # Not where somebody did while we waited; once more where they were forgotten meanwhile.
            while self._tried_at is None or self._tries == tries:
                self._tries += 1
                began = self._tried_at = self._now()
                try:
                    document = await self._upstreams.call(
                        "identity", "GET", "/.well-known/jwks.json", actor=system_actor("gateway")
                    )
                except AppError as error:
                    # Better the keys we have than nobody signed in.
                    log.warning("signing keys could not be read: %s", error)
                    return
                self._keys = load(document)
                if self._tried_at == began:
                    self._read_at = began

    def _now(self) -> float:
        return self._clock.now().timestamp()


def load(document: dict[str, Any]) -> dict[str, Key]:
    """The usable keys of a JWK set (RFC 7517) by id: RSA, for RS256 signatures, 2048 bits and more."""
    keys: dict[str, Key] = {}
    for raw in document.get("keys", ())[:_MOST_KEYS]:
        key_id = raw.get("kid")
        if (
            raw.get("kty") != "RSA"
            or raw.get("use", "sig") != "sig"
            or raw.get("alg", ALGORITHM) != ALGORITHM
            or not isinstance(key_id, str)
            or len(raw.get("n", "")) < _LEAST_MODULUS_CHARS
        ):
            continue
        try:
            keys[key_id] = jwk.construct(
                {"kty": "RSA", "n": raw["n"], "e": raw["e"], "alg": ALGORITHM}, ALGORITHM
            )
        except (JOSEError, KeyError, ValueError) as error:
            log.warning("signing key %s is not usable: %s", key_id, type(error).__name__)
    return keys
