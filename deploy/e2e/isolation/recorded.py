"""Requests that were made, and who made them."""

import base64
import json
from typing import Any

import httpx

from deploy.e2e.isolation.words import Json


class Recorded:
    """A request that a business made, and what came of it."""

    def __init__(
        self, method: str, path: str, headers: dict[str, str], body: Json, response: httpx.Response
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.response = response

    @property
    def key(self) -> str | None:
        """Its idempotency key."""
        return self.headers.get("Idempotency-Key")


def claims(headers: dict[str, str]) -> dict[str, Any]:
    """What the token that the headers bear says."""
    payload = headers["Authorization"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
