"""How long a period lasts."""

from calendar import monthrange
from datetime import datetime

from services.identity.plans.models import Period


def after(start: datetime, period: str, count: int = 1) -> datetime:
    """The time a number of periods later: the same day of the month, or its last where that has no such day."""
    months = start.month - 1 + count * (12 if period == Period.YEAR else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


def holding(anchor: datetime, period: str, now: datetime) -> tuple[datetime, datetime]:
    """The first and last moment of the period that holds a time, where the first of all began at `anchor`."""
    months = (now.year - anchor.year) * 12 + now.month - anchor.month
    count = max(1, months // 12 if period == Period.YEAR else months)
    if after(anchor, period, count) <= now:
        count += 1
    return after(anchor, period, count - 1), after(anchor, period, count)
