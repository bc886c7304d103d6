"""What bodies say: the word of a business in every text, and nothing twice that may not be."""

import re
from collections.abc import Iterator
from typing import Any

from libs.common.ids import new_id

Json = Any
# Fields of bodies that take any text, which then bears the word of the business.
_TEXTS = frozenset(
    [
        "name",
        "first_name",
        "last_name",
        "description",
        "text",
        "note",
        "reason",
        "line1",
        "line2",
        "city",
        "region",
        "address",
        "industry",
        "title",
        "won_reason",
        "lost_reason",
        "source",
        "position",
        "company_name",
        "customer_name",
        "reference",
        "alt",
        "subject",
        "html",
        "seo_title",
        "seo_description",
        "notes",
        "contact_name",
    ]
)
# What must not be the same twice within a business.
_UNIQUE = frozenset(["sku", "code", "slug", "host", "number", "token", "external_id"])


def marked(body: Json, marker: str) -> Json:
    """A body with the word in every text that it has room for."""
    if isinstance(body, dict):
        return {
            key: f"{value} {marker}"
            if key in _TEXTS and isinstance(value, str) and marker not in value
            else marked(value, marker)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [marked(item, marker) for item in body]
    return body


def renewed(body: Json, key: str = "") -> Json:
    """A body with new values where none may come twice."""
    if isinstance(body, dict):
        return {name: renewed(value, name) for name, value in body.items()}
    if isinstance(body, list):
        return [renewed(item) for item in body]
    new = str(new_id())[-8:]
    if isinstance(body, str) and key == "email":
        return f"{new}-{body}"
    return f"{body}-{new}" if isinstance(body, str) and key in _UNIQUE else body


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def ids_in(text: str) -> Iterator[str]:
    """Every id in a text."""
    return (found.group() for found in _ID.finditer(text))
