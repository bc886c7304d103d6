"""The stretch that metrics are asked for, and those that it is compared with."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from libs.common.errors import ValidationFailed
from services.analytics.reports.period import GrainedPeriod

_USUAL_DAYS = 30
_LONGEST = timedelta(days=1100)
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is counted, and where the stretch ends that it is of: later than what is counted while it is not over."""

    counted: GrainedPeriod
    date_to: datetime


class Stretches:
    """The stretch of a query, the one just before it and the same days a year before."""

    def __init__(self, query: GrainedPeriod, now: datetime) -> None:
        today = _midnight(query, query.local(now))
        date_to = query.date_to or _midnight(query, query.local(now) + timedelta(days=1))
        date_from = query.date_from or max(_EARLIEST, min(today, date_to)) - timedelta(days=_USUAL_DAYS)
        if not _EARLIEST <= date_from < date_to <= _LATEST:
            raise _refused("must be before `to`, and both between 1971 and 2200")
        length = date_to - date_from
        if length > _LONGEST:
            raise _refused(f"must be at most {_LONGEST.days} days before `to`, or before now")
        self.query = query
        # Of a stretch that is not over, the others are counted as far as it has come.
        end = min(date_to, now) if date_from < now else date_to
        self.whole = Stretch(self._of(date_from, date_to), date_to)
        self.happened = self._of(date_from, end)
        self.previous = Stretch(self._of(date_from - length, end - length), date_from)
        self.last_year = Stretch(
            self._of(_year_before(query, date_from), _year_before(query, end)), _year_before(query, date_to)
        )

    def _of(self, date_from: datetime, date_to: datetime) -> GrainedPeriod:
        # Two moments of February the 29th and 28th are one a year before.
        date_to = max(date_to, date_from + timedelta(microseconds=1))
        return GrainedPeriod(
            date_from=date_from,
            date_to=date_to,
            tz=self.query.tz,
            currency=self.query.currency,
            grain=self.query.grain,
        )


def _refused(message: str) -> ValidationFailed:
    return ValidationFailed.of("from", message, "range", place="query")


def _midnight(query: GrainedPeriod, local: datetime) -> datetime:
    return query.start(datetime.combine(local.date(), time()))


def _year_before(query: GrainedPeriod, moment: datetime) -> datetime:
    local = query.local(moment)
    try:
        return local.replace(year=local.year - 1)
    except ValueError:
        return local.replace(year=local.year - 1, day=28)
