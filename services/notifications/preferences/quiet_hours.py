"""Quiet hours: a span of the day by the clock on the user's wall, which may run over midnight."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, start: time, end: time, time_zone: str) -> datetime | None:
    """When the quiet hours that `now` falls into end, in UTC; None outside them.

    `start` belongs to them, `end` does not. A wall-clock time that a change to summer time skips counts as the
    moment after the gap.
    """
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    today, clock = local.date(), local.time().replace(tzinfo=None)
    if start < end:
        if not start <= clock < end:
            return None
        last = today
    elif clock >= start:
        last = today + timedelta(days=1)
    elif clock < end:
        last = today
    else:
        return None
    ends = datetime.combine(last, end, tzinfo=zone).astimezone(UTC)
    # On the night when clocks go back, the wall shows some minutes twice.
    if ends <= now:
        ends = datetime.combine(last, end, tzinfo=zone).replace(fold=1).astimezone(UTC)
    return ends if ends > now else None
