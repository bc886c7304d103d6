"""Keyset pages: a cursor names the last row seen, so any page costs what the first one does."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from libs.common.errors import InvalidCursor

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class Page(BaseModel, Generic[T]):
    """One page of a list, and the cursor of the next (null on the last)."""

    model_config = ConfigDict(defer_build=True)

    items: list[T]
    next_cursor: str | None = Field(None, description="Send it as `cursor` to read on; null on the last page")


class CursorCodec:
    """Writes and reads cursors, signed and bound to the list, tenant, order and filters they were made for.

    Those signed with one of the `accepted` keys are good too, while keys are exchanged.
    """

    def __init__(self, secret: str, *, accepted: Iterable[str] = ()) -> None:
        self._keys = [
            hashlib.sha256(b"pillars-cursor:" + key.encode()).digest() for key in (secret, *accepted)
        ]

    def encode(self, binding: str, value: Any, row_id: UUID) -> str:
        """The cursor of a row: the value of the order column and the id."""
        if isinstance(value, datetime | date):
            value = {"t": value.isoformat()}
        elif isinstance(value, UUID):
            value = {"u": str(value)}
        body = orjson.dumps([value, str(row_id)])
        return base64.urlsafe_b64encode(self._mac(self._keys[0], binding, body) + body).decode().rstrip("=")

    def decode(self, binding: str, cursor: str) -> tuple[Any, UUID]:
        """The order value and id in a cursor.

        Raises:
            InvalidCursor: it is not ours, or belongs to another list, tenant, order or filter.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise InvalidCursor("Start the list again without a cursor.") from None
        mac, body = raw[:12], raw[12:]
        if not any(hmac.compare_digest(mac, self._mac(key, binding, body)) for key in self._keys):
            raise InvalidCursor("Start the list again without a cursor.")
        value, row_id = orjson.loads(body)
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["t"]) if "t" in value else UUID(value["u"])
        return value, UUID(row_id)

    def _mac(self, key: bytes, binding: str, body: bytes) -> bytes:
        return hmac.digest(key, binding.encode() + b"\0" + body, "sha256")[:12]
