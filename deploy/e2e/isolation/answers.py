"""What answers say, and which secrets are in them."""

import json
from collections.abc import Iterable
from typing import Any

import httpx

from deploy.e2e.isolation.words import ids_in
from services.payments.tests.pdf_text import texts

# Members of answers that differ from one moment to the next.
VOLATILE = {"request_id", "instance", "as_of", "last_seen_at", "seconds", "seconds_in_stage"} | {
    "counted_until",
    "seconds_left",
    "absolute_seconds_left",
    "idle_expires_at",
    # The audit log grows while it is looked at.
    "checked",
    "length",
    "to_seq",
    "last_hash",
}


class Secrets:
    """What only one business may see: its ids and its word."""

    def __init__(self, marker: str, ids: set[str]) -> None:
        self.marker = marker
        self.ids = ids

    def found(self, text: str) -> set[str]:
        """The secrets in a text."""
        return {found for found in ids_in(text) if found in self.ids} | (
            {self.marker} if self.marker in text else set()
        )


def shown(response: httpx.Response) -> str:
    """All the text of an answer: its headers, and what a reader of the body would see."""
    headers = "\n".join(
        f"{name}: {value}" for name, value in response.headers.items() if name != "x-request-id"
    )
    is_pdf = response.headers.get("content-type", "") == "application/pdf"
    return f"{headers}\n{texts(response.content) if is_pdf else response.text}"


def items_of(response: httpx.Response) -> list[Any] | None:
    """The rows of a list that was answered."""
    if response.status_code != 200 or "json" not in response.headers.get("content-type", ""):
        return None
    body = response.json()
    items = body.get("items") if isinstance(body, dict) else None
    return items if isinstance(items, list) else None


def comparable(response: httpx.Response, sent: Iterable[str]) -> tuple[int, str]:
    """What an answer says, but for the ids that were asked with and the number of the request."""
    text = response.text
    if response.content and "json" in response.headers.get("content-type", ""):
        text = json.dumps(_lasting(response.json()), sort_keys=True)
    for value in sent:
        text = text.replace(value, "·")
    return response.status_code, text


def _lasting(value: Any) -> Any:
    """An answer without what differs from one moment to the next."""
    if isinstance(value, dict):
        # A cursor is bound to what was asked, so it differs with that.
        return {
            key: inner is not None if key == "next_cursor" else _lasting(inner)
            for key, inner in value.items()
            if key not in VOLATILE
        }
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


def steady(response: httpx.Response) -> Any:
    """What an answer says but for what differs from one moment to the next."""
    if response.headers.get("content-type") == "application/pdf":
        return texts(response.content)
    is_json = "json" in response.headers.get("content-type", "")
    return _lasting(response.json()) if is_json else response.text
