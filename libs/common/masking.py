"""Keeps secrets out of what is written down: values whose names say that they are one."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "***"
_SECRET = re.compile(
    r"(^|_)(password|passphrase|secret|token|credentials?|sealed_\w+|private_(key|pem)|recovery_codes?|otp|totp_seed|seed"
    r"|cookie|authorization)(_hash)?$",
    re.I,
)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether the name of a field says that its value is a secret."""
    return _SECRET.search(name) is not None


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
