"""Lengths of time as people write them: seconds, `90m`, `2d`, or ISO 8601 such as `P1DT12H`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

_SHORT = re.compile(r"(\d{1,9})\s*(s|m|h|d|w)")
# ISO 8601-1, section 5.5.2: months and years are of no one length, so they are not taken.
_ISO = re.compile(r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST_SECONDS = 366 * 86_400


def seconds_of(value: int | str) -> int:
    """How many seconds a length is.

    Raises:
        ValueError: it is none, or longer than a year.
    """
    found = value if isinstance(value, int) else _read(value.strip())
    if found > LONGEST_SECONDS:
        raise ValueError("must not be longer than 366 days")
    return found


def length_of(value: int | str) -> timedelta:
    """The same as a timedelta."""
    return timedelta(seconds=seconds_of(value))


def _read(text: str) -> int:
    if short := _SHORT.fullmatch(text.lower()):
        return int(short[1]) * _UNITS[short[2]]
    if text.isdigit() and len(text) < 10:
        return int(text)
    found = _ISO.fullmatch(text.upper())
    if found is None or not any(found.groups()) or text.upper().endswith("T"):
        raise ValueError("must be seconds, a length such as 30m, 2h or 1d, or ISO 8601 such as P1DT12H")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return weeks * 604_800 + days * 86_400 + hours * 3600 + minutes * 60 + seconds


def _checked(value: int | str) -> int | str:
    if seconds_of(value) < 0:
        raise ValueError("must not be negative")
    return value


Duration = Annotated[
    int | Annotated[str, Field(max_length=40)],
    AfterValidator(_checked),
    Field(description="Seconds, a length such as `30m`, `2h` or `1d`, or ISO 8601 such as `P1DT12H`"),
]
