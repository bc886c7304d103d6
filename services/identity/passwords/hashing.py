"""Hashing and checking passwords with argon2id, off the event loop and a few at a time.

Hashes that came from elsewhere are checked too, and replaced at the next sign-in: bcrypt, and Django's PBKDF2.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from libs.common.runtime.context import ServiceContext
from services.identity.settings import IdentitySettings

T = TypeVar("T")

_BCRYPT = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES = 72
# Django writes `<algorithm>$<iterations>$<salt>$<hash in base64>`.
_PBKDF2 = {"pbkdf2_sha256": "sha256", "pbkdf2_sha1": "sha1"}
# Ten times what Django uses now; what asks for more would hold a thread for seconds.
_MOST_ITERATIONS = 12_000_000


class Passwords:
    """Hashes and checks. One of them serves a process, so that memory for hashing is bounded."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        # A request that ends early leaves its hash behind in the thread, which takes no other one before that is done.
        self._threads = ThreadPoolExecutor(settings.argon2_at_once, thread_name_prefix="passwords")
        # Checked in place of the hash of an account that does not exist, so that it takes as long.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    @classmethod
    def of(cls, context: ServiceContext) -> "Passwords":
        """The one of this process."""
        if "passwords" not in context.resources:
            context.resources["passwords"] = cls(context.settings)
        found: Passwords = context.resources["passwords"]
        return found

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one hashed; without a hash, the same work for nothing."""
        matches = await self._run(self._matches, stored or self._nobody, password)
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made by another method or with other parameters than are set now."""
        return _is_foreign(stored) or self._hasher.check_needs_rehash(stored)

    async def _run(self, work: Callable[..., T], *given: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def _matches(self, stored: str, password: str) -> bool:
        if stored.startswith(_BCRYPT):
            return _bcrypt_matches(stored, password)
        if _is_foreign(stored):
            return _pbkdf2_matches(stored, password)
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _is_foreign(stored: str) -> bool:
    return stored.startswith(_BCRYPT) or stored.partition("$")[0] in _PBKDF2


def _pbkdf2_matches(stored: str, password: str) -> bool:
    try:
        algorithm, iterations, salt, encoded = stored.split("$")
        expected, rounds = base64.b64decode(encoded, validate=True), int(iterations)
    except (ValueError, binascii.Error):
        return False
    if not expected or not 1 <= rounds <= _MOST_ITERATIONS:
        return False
    digest = hashlib.pbkdf2_hmac(_PBKDF2[algorithm], password.encode(), salt.encode(), rounds)
    return hmac.compare_digest(digest, expected)


def _bcrypt_matches(stored: str, password: str) -> bool:
    # bcrypt has always ignored what comes after 72 bytes; the library leaves the cutting to us.
    try:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], stored.encode())
    except ValueError:
        # What is stored is no whole hash.
        return False
