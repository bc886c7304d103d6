"""When a rule runs by itself: every so often, or daily, weekly or monthly at a time of day in a time zone."""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from libs.common.schema import Schema
from services.crm.automation.durations import Duration, seconds_of

SHORTEST_SECONDS = 60
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_AT = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


_zones = cache(available_timezones)


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be a name of the IANA time zone database, such as Africa/Johannesburg")
    return name


def _time_of_day(text: str) -> str:
    if not _AT.fullmatch(text):
        raise ValueError("must be a time of day such as 09:00")
    return text


class Schedule(Schema):
    """Either `every` so often, or `frequency` with a time of day, in the time zone of the business unless one is named."""

    every: Duration | None = Field(
        None, description="The time between two runs, a minute or more", examples=["1d"]
    )
    frequency: Literal["daily", "weekly", "monthly"] | None = None
    at: Annotated[str, AfterValidator(_time_of_day)] | None = Field(
        None, description="The time of day; 09:00 unless said otherwise", examples=["09:00"]
    )
    weekday: Weekday | None = Field(None, description="Of a weekly one; monday unless said otherwise")
    day: Annotated[int, Field(ge=1, le=31)] | None = Field(
        None, description="Of the month, of a monthly one; the last day where a month is shorter"
    )
    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(None, examples=["Africa/Johannesburg"])

    @model_validator(mode="after")
    def _is_whole(self) -> "Schedule":
        if (self.every is None) == (self.frequency is None):
            raise ValueError("is either every so often, or has a frequency")
        if self.every is not None:
            if seconds_of(self.every) < SHORTEST_SECONDS:
                raise ValueError("every must be a minute or more")
            if self.at is not None:
                raise ValueError("at belongs to a frequency; leave every out")
        if self.weekday is not None and self.frequency != "weekly":
            raise ValueError("weekday belongs to the frequency weekly")
        if self.day is not None and self.frequency != "monthly":
            raise ValueError("day belongs to the frequency monthly")
        return self


def next_time(schedule: Schedule, after: datetime) -> datetime:
    """The first time of a schedule after a moment.

    A time of day that a change of the clocks leaves out comes as much later; one that comes twice counts once.
    """
    if schedule.every is not None:
        return after + timedelta(seconds=seconds_of(schedule.every))
    zone = ZoneInfo(schedule.time_zone or "UTC")
    at = time.fromisoformat(schedule.at or "09:00")
    day = after.astimezone(zone).date()
    while True:
        found = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if found > after and _is_on(schedule, day):
            return found
        day += timedelta(days=1)


def _is_on(schedule: Schedule, day: date) -> bool:
    if schedule.frequency == "weekly":
        return _WEEKDAYS[day.weekday()] == (schedule.weekday or "monday")
    if schedule.frequency == "monthly":
        last = calendar.monthrange(day.year, day.month)[1]
        return day.day == min(schedule.day or 1, last)
    return True
