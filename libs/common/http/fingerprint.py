"""Whether two requests with one idempotency key say the same: by their bytes, or by what these hold."""

import hashlib
from typing import NamedTuple

import orjson


class Fingerprint(NamedTuple):
    """The hashes of a body.

    Attributes:
        request_hash: of its bytes, which is all that keys of earlier releases have.
        content_hash: of its values, whatever their order in an object, the spaces between them and the escapes within;
            None where it is not JSON, or nested too deeply to be written. `1`, `1.0` and `"1"` differ; integers beyond 64 bits
            and fractions that the same double stands for do not.
    """

    request_hash: bytes
    content_hash: bytes | None

    @classmethod
    def of(cls, body: bytes) -> "Fingerprint":
        """The fingerprint of a body."""
        try:
            content = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return cls(_hash(body), None)
        return cls(_hash(body), _hash(content))

    def fits(self, other: "Fingerprint") -> bool:
        """Whether this and another body say the same."""
        same_content = self.content_hash is not None and self.content_hash == other.content_hash
        return same_content or self.request_hash == other.request_hash


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
