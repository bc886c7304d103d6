"""Secrets at rest: AES-256-GCM with a key ring, so that keys rotate while old values stay readable."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class DecryptionFailed(Exception):
    """A stored secret cannot be read: its key is not in the ring, or it was altered."""


@dataclass(frozen=True)
class KeyRing:
    """Named 256-bit keys; the first encrypts, all decrypt. A value looks like `<key id>:<base64>`."""

    keys: dict[str, bytes]

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read `id:base64,id:base64,…`, newest first.

        Raises:
            ValueError: it is empty, or a key has not 32 bytes.
        """
        keys: dict[str, bytes] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, _, encoded = part.partition(":")
            key = base64.b64decode(encoded)
            if len(key) != 32:
                raise ValueError(f"encryption key {name!r} must have 32 bytes, not {len(key)}")
            keys[name] = key
        if not keys:
            raise ValueError("PILLARS_ENCRYPTION_KEYS is empty")
        return cls(keys)

    @property
    def current(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.keys))

    def fingerprints(self) -> dict[str, str]:
        """What tells each key apart without telling it: 16 hexadecimal digits by key id."""
        return {
            name: hmac.digest(key, b"pillars-key-fingerprint", "sha256").hex()[:16]
            for name, key in self.keys.items()
        }

    def encrypt(self, plain: str, *, purpose: str) -> str:
        """Encrypt a text; `purpose` (e.g. `payment_accounts.credentials`) must be the same to read it."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher(self.current).encrypt(nonce, plain.encode(), purpose.encode())
        return f"{self.current}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, stored: str, *, purpose: str) -> str:
        """Read an encrypted text.

        Raises:
            DecryptionFailed: key unknown, value altered, or another purpose.
        """
        from cryptography.exceptions import InvalidTag

        name, _, encoded = stored.partition(":")
        if name not in self.keys:
            raise DecryptionFailed(f"no key {name!r} in the ring")
        raw = base64.b64decode(encoded)
        try:
            return self._cipher(name).decrypt(raw[:12], raw[12:], purpose.encode()).decode()
        except InvalidTag:
            raise DecryptionFailed("the value was altered or belongs elsewhere") from None

    def _cipher(self, name: str) -> "AESGCM":
        # Here: every service has a ring, few keep secrets, and the library holds 6 MB.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.keys[name])
