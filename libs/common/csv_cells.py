"""Cells of CSV files that spreadsheet programs open."""

from typing import Any

from libs.common.money import Money

# A cell that begins with one of these would be run as a formula by spreadsheet programs; some take the wide forms, too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def cell(value: Any) -> str:
    """A value as a cell: amounts in minor units, times in ISO 8601, nothing for None, and no text a formula."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return str(value.amount)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
