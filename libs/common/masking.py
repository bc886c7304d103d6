"""Keeps secrets out of what is written down: values whose names say that they are one."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "***"
_SECRET = re.compile(
    r"(^|_)(password|passphrase|secret|token|credentials?|sealed_\w+|private_pem"
    r"|(private|secret|signing|encryption|access|api)_key|recovery_codes?|otp|totp_seed|seed"
    r"|cookie|authorization)(_hash)?$",
    re.I,
)
# Where one word of a name ends and the next begins, in whatever style it is written.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether the name of a field says that its value is a secret."""
    return _SECRET.search(_WORDS.sub("_", name)) is not None


def masked(value: Any) -> Any:
    """The same JSON value with every secret in it masked; one that is absent stays absent."""
    if isinstance(value, Mapping):
        return {
            name: MASK if inner is not None and is_secret(str(name)) else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value
