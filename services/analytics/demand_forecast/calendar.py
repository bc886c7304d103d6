"""Buckets of time by the clock of a zone, as local times without a zone: a day is a day where clocks change, too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# How long a bucket is on the average, in days.
DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375}


def floor(local: datetime, grain: str) -> datetime:
    """The beginning of the bucket that a local time lies in; weeks begin on Monday, as in ISO 8601."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if grain == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if grain == "month" else midnight


def step(bucket: datetime, grain: str, number: int) -> datetime:
    """The beginning of the bucket so many after (or before) one."""
    if grain == "month":
        months = bucket.year * 12 + bucket.month - 1 + number
        return bucket.replace(year=months // 12, month=months % 12 + 1)
    return bucket + timedelta(days=number * (7 if grain == "week" else 1))


def distance(first: datetime, last: datetime, grain: str) -> int:
    """How many buckets lie between the beginnings of two."""
    if grain == "month":
        return (last.year - first.year) * 12 + last.month - first.month
    return (last - first).days // (7 if grain == "week" else 1)


def zone(tz: str) -> ZoneInfo:
    """The zone of a name that was checked before."""
    return ZoneInfo(tz)


def present(now: datetime, grain: str, tz: str) -> datetime:
    """The beginning of the bucket that runs now, which is not over and so is no history yet."""
    return floor(now.astimezone(zone(tz)), grain)


def moment(bucket: datetime, tz: str) -> datetime:
    """The moment at which a bucket begins, with the offset of its zone."""
    return bucket.replace(tzinfo=UTC if tz == "UTC" else zone(tz))
