"""What the printed form of a document shows, as the template takes it: text only, already formatted."""

from datetime import date, datetime
from typing import Any

from libs.common.money import Money


def document_data(
    *,
    title: str,
    number: str,
    stamp: str | None,
    seller: dict[str, Any],
    buyer: list[str | None],
    facts: list[tuple[str, str | date | datetime | None]],
    lines: list[dict[str, Any]],
    sums: list[tuple[str, Money]],
    total: Money,
    after: list[tuple[str, Money]],
    notes: str | None,
) -> dict[str, Any]:
    """The data of the template. Absent facts and sums of nothing are left out."""
    return {
        "title": title,
        "number": number,
        "stamp": stamp,
        "seller": {
            "name": seller["name"],
            "details": [str(value) for name, value in seller.items() if name != "name"],
        },
        "buyer": [entry for entry in buyer if entry] or ["Customer"],
        "facts": [[name, _day(value)] for name, value in facts if value is not None],
        "lines": lines,
        "sums": [[name, str(amount)] for name, amount in sums if amount.amount],
        "total": str(total),
        "after": [[name, str(amount)] for name, amount in after if amount.amount],
        "notes": notes,
    }


def _day(value: str | date | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
