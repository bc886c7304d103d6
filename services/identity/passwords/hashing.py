"""Hashing and checking passwords with argon2id, off the event loop and a few at a time."""

import asyncio
import secrets

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from libs.common.runtime.context import ServiceContext
from services.identity.settings import IdentitySettings

_BCRYPT = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES = 72


class Passwords:
    """Hashes and checks. One of them serves a process, so that memory for hashing is bounded."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._slots = asyncio.Semaphore(settings.argon2_at_once)
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
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one hashed; without a hash, the same work for nothing."""
        async with self._slots:
            matches = await asyncio.to_thread(self._matches, stored or self._nobody, password)
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made by another method or with other parameters than are set now."""
        return stored.startswith(_BCRYPT) or self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        if stored.startswith(_BCRYPT):
            return _bcrypt_matches(stored, password)
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _bcrypt_matches(stored: str, password: str) -> bool:
    # bcrypt has always ignored what comes after 72 bytes; the library leaves the cutting to us.
    return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], stored.encode())
