"""Quiet hours by the clock on the user's wall."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.preferences.quiet_hours import quiet_until

NIGHT = (time(22), time(7))


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        ("2026-11-20T21:00", "Africa/Johannesburg", "2026-11-21T05:00"),  # 23:00 there
        ("2026-11-20T19:59", "Africa/Johannesburg", None),  # 21:59
        ("2026-11-20T20:00", "Africa/Johannesburg", "2026-11-21T05:00"),  # 22:00 belongs to them
        ("2026-11-20T05:00", "Africa/Johannesburg", None),  # 07:00 does not
        ("2026-11-20T21:00", "America/New_York", None),  # 16:00
        ("2026-11-20T21:00", "Asia/Tokyo", "2026-11-20T22:00"),  # 06:00 of the next day
        ("2026-11-20T21:00", "Asia/Kathmandu", "2026-11-21T01:15"),  # 02:45, a zone of 5:45
    ],
)
def test_the_zone_of_the_user_decides(now: str, zone: str, until: str | None) -> None:
    assert quiet_until(utc(now), *NIGHT, zone) == (utc(until) if until else None)


def test_a_span_within_one_day_ends_on_that_day() -> None:
    noon = (time(12), time(14))
    assert quiet_until(utc("2026-11-20T12:30"), *noon, "UTC") == utc("2026-11-20T14:00")
    assert quiet_until(utc("2026-11-20T11:59"), *noon, "UTC") is None
    assert quiet_until(utc("2026-11-20T14:00"), *noon, "UTC") is None


def test_clocks_that_change_in_the_night_are_followed() -> None:
    # New York put its clocks forward on 2026-03-08 at 02:00 and back on 2026-11-01 at 02:00.
    assert quiet_until(utc("2026-03-08T04:00"), *NIGHT, "America/New_York") == utc("2026-03-08T11:00")
    assert quiet_until(utc("2026-11-01T04:00"), *NIGHT, "America/New_York") == utc("2026-11-01T12:00")


@given(
    st.integers(1_735_689_600, 1_798_761_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(
        ["UTC", "Africa/Johannesburg", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
)
def test_the_end_is_later_than_now_within_a_day_and_outside_the_hours(
    now: datetime, start: time, end: time, zone: str
) -> None:
    if start == end:
        return
    until = quiet_until(now, start, end, zone)
    local = now.astimezone(ZoneInfo(zone)).time().replace(tzinfo=None)
    inside = start <= local < end if start < end else local >= start or local < end
    if not inside:
        assert until is None
    elif until is not None:
        assert now < until
        assert (until - now).total_seconds() <= 25 * 3600
