"""The stretch of time that a question means, by the clock of the asker."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
WORDS = (
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
    "all_time",
)
# The periods that end now, and how many months each has; a week has none.
_UNITS = {"this_week": 0, "this_month": 1, "this_quarter": 3, "this_year": 12}
# `last_<n>_days`, and `march` or `march_2026`: the latest one that has begun unless a year is named.
PATTERN = rf"^({'|'.join(WORDS)}|last_[1-9][0-9]{{0,2}}_days|({'|'.join(MONTHS)})(_20[0-9]{{2}})?)$"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole days: `first` is included, `end` is not. None is without a border on that side."""

    name: str
    first: date | None
    end: date | None

    def params(self, tz: str) -> dict[str, str]:
        """The parameters `from` and `to` of a report."""
        zone = ZoneInfo(tz)
        borders = {"from": self.first, "to": self.end}
        return {
            name: datetime.combine(day, time(), zone).isoformat()
            for name, day in borders.items()
            if day is not None
        }

    @property
    def last(self) -> date | None:
        """The last day within."""
        return self.end - timedelta(days=1) if self.end else None


def stretch_of(name: str, now: datetime, tz: str) -> Stretch:
    """The days that the name of a period means.

    Raises:
        ValueError: it is no name of a period.
    """
    if not re.fullmatch(PATTERN, name):
        raise ValueError(f"{name} is no period")
    today = now.astimezone(ZoneInfo(tz)).date()
    tomorrow = today + timedelta(days=1)
    if name == "all_time":
        return Stretch(name, None, None)
    if name in ("today", "yesterday"):
        first = today if name == "today" else today - timedelta(days=1)
        return Stretch(name, first, first + timedelta(days=1))
    if found := re.fullmatch(r"last_(\d+)_days", name):
        return Stretch(name, tomorrow - timedelta(days=int(found[1])), tomorrow)
    month, _, year = name.partition("_")
    if month in MONTHS:
        number = MONTHS.index(month) + 1
        which = int(year) if year else today.year - (number > today.month)
        return Stretch(name, date(which, number, 1), _months_after(date(which, number, 1), 1))
    which_one, _, unit = name.partition("_")
    first = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "quarter": date(today.year, (today.month - 1) // 3 * 3 + 1, 1),
        "year": date(today.year, 1, 1),
    }[unit]
    if which_one == "this":
        return Stretch(name, first, tomorrow)
    before = (
        first - timedelta(days=7)
        if unit == "week"
        else _months_after(first, -{"month": 1, "quarter": 3, "year": 12}[unit])
    )
    return Stretch(name, before, first)


def before(stretch: Stretch) -> Stretch | None:
    """What a stretch is compared with; None for one without a beginning.

    This week, month, quarter or year, as far as it has come: as many days of the one before. Whole months: as many months
    just before. Anything else: as many days just before.
    """
    if stretch.first is None or stretch.end is None:
        return None
    days = stretch.end - stretch.first
    if stretch.name in _UNITS:
        months = _UNITS[stretch.name]
        first = _months_after(stretch.first, -months) if months else stretch.first - timedelta(days=7)
        is_over = bool(months) and stretch.end == _months_after(stretch.first, months)
        return Stretch("before", first, stretch.first if is_over else min(first + days, stretch.first))
    if stretch.first.day == stretch.end.day == 1:
        months = (stretch.end.year - stretch.first.year) * 12 + stretch.end.month - stretch.first.month
        return Stretch("before", _months_after(stretch.first, -months), stretch.first)
    return Stretch("before", stretch.first - days, stretch.first)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)
