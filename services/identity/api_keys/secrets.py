"""How secrets are made, and by what they are found again."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

PREFIX_LENGTH = 12


class Mark(StrEnum):
    """What a secret begins with, so that people and scanners for leaked secrets see what it is."""

    KEY = "plk_"
    PERSONAL = "plp_"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret, shown once; `prefix` and `hash` are what is kept."""

    secret: str
    prefix: str
    hash: bytes


def new_secret(mark: Mark) -> NewSecret:
    """A new secret of 240 random bits and more."""
    secret = f"{mark}{secrets.token_hex(4)}{secrets.token_urlsafe(32)}"
    return NewSecret(secret, secret[:PREFIX_LENGTH], hash_of(secret))


def hash_of(secret: str) -> bytes:
    """What is kept of a secret. It is random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).digest()
