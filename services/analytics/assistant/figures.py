"""Figures: numbers that an answer rests on, each with the query that gives it again."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from libs.common.money import EXPONENTS
from libs.common.schema import OutSchema

API = "/api/v1"


class FigureQuery(OutSchema):
    """How to get a figure again: a call of the API with one's own credentials."""

    method: str = Field("GET", examples=["GET"])
    path: str = Field(examples=["/api/v1/analytics/dashboard?from=2026-03-01T00%3A00%3A00%2B00%3A00"])


class Figure(OutSchema):
    """A number and where it comes from.

    `value` is in minor units where `currency` is set. `field` is the JSON pointer (RFC 6901) of the value in what the
    query answers; with `calculation` `count` it is that of a list whose entries were counted, with `change` that of two values
    of which the part by which the first one differs from the second (`compared_with`) was worked out.
    """

    label: str = Field(examples=["Revenue"])
    value: int | float = Field(examples=[125000])
    unit: str | None = Field(None, examples=["orders"])
    currency: str | None = Field(None, examples=["ZAR"])
    text: str = Field(description="As a person reads it", examples=["ZAR 1,250.00"])
    query: FigureQuery
    field: str = Field(examples=["/revenue/amount"])
    calculation: str = Field("value", description="value, count or change", examples=["value"])
    compared_with: FigureQuery | None = Field(None, description="What a change is against, at the same field")


def change(now: Figure, then: Figure, name: str) -> Figure | None:
    """By which part a figure differs from an earlier one; None where that was nothing, or is of another kind."""
    if not then.value or (now.field, now.currency) != (then.field, then.currency):
        return None
    value = round((now.value - then.value) / abs(then.value), 4)
    return Figure(
        label=f"{now.label}, {name}",
        value=value,
        unit="ratio",
        text=f"{value * 100:+.1f}%",
        query=now.query,
        field=now.field,
        calculation="change",
        compared_with=then.query,
    )


def query_path(path: str, params: Mapping[str, Any]) -> str:
    """The public address of a query."""
    given = urlencode([(k, v) for k, v in params.items() if v is not None], doseq=True)
    return f"{API}{path}" + (f"?{given}" if given else "")


def at_pointer(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901).

    Raises:
        LookupError: there is none.
    """
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def plain(value: float, unit: str | None = None) -> str:
    """A number as a person reads it; a ratio as a percentage."""
    if unit == "ratio":
        return f"{round(value * 100, 1):g}%"
    return f"{value:,}" if isinstance(value, int) else f"{round(value, 2):,g}"


def amount(value: int, currency: str) -> str:
    """Minor units as a person reads them, e.g. ZAR 1,250.00."""
    exponent = EXPONENTS.get(currency, 2)
    return f"{currency} {value / 10**exponent:,.{exponent}f}"


class Reader:
    """Takes figures out of what a query answered."""

    def __init__(self, path: str, params: Mapping[str, Any], document: Any) -> None:
        self.query = FigureQuery(method="GET", path=query_path(path, params))
        self.document = document
        self.figures: list[Figure] = []

    def number(self, label: str, field: str, unit: str | None = None) -> None:
        """A plain number at a pointer; none where that is null."""
        value = at_pointer(self.document, field)
        if value is None:
            return
        self._add(label, value, plain(value, unit), field, unit=unit)

    def money(self, label: str, field: str) -> None:
        """Money at a pointer; none where that is null."""
        found = at_pointer(self.document, field)
        if found is None:
            return
        text = amount(found["amount"], found["currency"])
        self._add(label, found["amount"], text, f"{field}/amount", currency=found["currency"])

    def count(self, label: str, field: str, unit: str, *, is_all: bool) -> None:
        """How many entries a list has; where it is one page of more, the text says that there are more."""
        value = len(at_pointer(self.document, field))
        text = plain(value) if is_all else f"{plain(value)}+"
        self._add(label, value, text, field, unit=unit, calculation="count")

    def each(self, field: str) -> Iterable[tuple[str, Any]]:
        """The entries of a list with their pointers."""
        return ((f"{field}/{n}", entry) for n, entry in enumerate(at_pointer(self.document, field)))

    def _add(self, label: str, value: float, text: str, field: str, **more: Any) -> None:
        self.figures.append(
            Figure(label=label, value=value, text=text, query=self.query, field=field, **more)
        )
