"""When the periods of a subscription begin: counted from an anchor, so that a shorter month moves no later one."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from libs.common.errors import ValidationFailed

# The longest period of each interval, in intervals: five years or less.
LONGEST = {"day": 365, "week": 104, "month": 60, "year": 5}


def check_length(interval: str, count: int) -> None:
    """Refuse a period of more than some years.

    Raises:
        ValidationFailed: so many of these intervals are too long.
    """
    if count > LONGEST[interval]:
        raise ValidationFailed.of(
            "interval_count", f"at most {LONGEST[interval]} where it counts {interval}s"
        )


def period_start(anchor: datetime, interval: str, count: int, n: int) -> datetime:
    """When the n-th period after an anchor begins; the 0th begins at the anchor.

    A month that lacks the day of the anchor has its last day instead: 31 January, 28 February, 31 March.
    """
    anchor = anchor.astimezone(UTC)
    if interval in ("day", "week"):
        return anchor + timedelta(days=n * count * (7 if interval == "week" else 1))
    months = anchor.month - 1 + n * count * (12 if interval == "year" else 1)
    year, month = anchor.year + months // 12, months % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


def whole_second(at: datetime) -> datetime:
    """The time in UTC without what is below a second, in which periods and their parts are counted."""
    return at.astimezone(UTC).replace(microsecond=0)


def midnight(day: date, days_later: int) -> datetime:
    """The begin of the day so many days after another one, in UTC."""
    return datetime.combine(day + timedelta(days=days_later), time(), UTC)
