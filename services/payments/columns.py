"""Money as the models keep it: minor units in a column, with the currency of the row beside it."""

from typing import Any

from libs.common.money import Money


def money(column: str) -> Any:
    """A property that reads a column of minor units as `Money` in the currency of its row; NULL is nothing."""

    def read(row: Any) -> Money:
        return Money(amount=getattr(row, column) or 0, currency=row.currency)

    return property(read)
