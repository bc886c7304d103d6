"""What periods mean, by the clock of the asker."""

from datetime import UTC, date, datetime

import pytest

from services.analytics.assistant.offline.answering import arguments_of
from services.analytics.assistant.offline.slots import slots_of
from services.analytics.assistant.periods import before, stretch_of
from services.analytics.assistant.tools.catalogue import TOOLS

NOW = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-01-31", "2026-01-31"),
        ("yesterday", "2026-01-30", "2026-01-30"),
        ("this_week", "2026-01-26", "2026-01-31"),
        ("last_week", "2026-01-19", "2026-01-25"),
        ("this_month", "2026-01-01", "2026-01-31"),
        ("last_month", "2025-12-01", "2025-12-31"),
        ("last_quarter", "2025-10-01", "2025-12-31"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("last_30_days", "2026-01-02", "2026-01-31"),
        ("march", "2025-03-01", "2025-03-31"),
        ("january", "2026-01-01", "2026-01-31"),
        ("february_2024", "2024-02-01", "2024-02-29"),
        ("december_2026", "2026-12-01", "2026-12-31"),
    ],
)
def test_a_period_is_whole_days(name: str, first: str, last: str) -> None:
    stretch = stretch_of(name, NOW, "UTC")

    assert (str(stretch.first), str(stretch.last)) == (first, last)


def test_days_are_those_of_the_asker() -> None:
    stretch = stretch_of("today", NOW, "Africa/Johannesburg")

    assert stretch.first == date(2026, 2, 1)
    assert stretch.params("Africa/Johannesburg") == {
        "from": "2026-02-01T00:00:00+02:00",
        "to": "2026-02-02T00:00:00+02:00",
    }


@pytest.mark.parametrize(
    "name", ["", "fortnight", "last_0_days", "last_1000_days", "march_1999", "today; drop"]
)
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        stretch_of(name, NOW, "UTC")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-01-30", "2026-01-30"),
        ("january", "2025-12-01", "2025-12-31"),
        ("last_7_days", "2026-01-18", "2026-01-24"),
        ("last_year", "2024-01-01", "2024-12-31"),
    ],
)
def test_the_stretch_before_is_as_long(name: str, first: str, last: str) -> None:
    earlier = before(stretch_of(name, NOW, "UTC"))

    assert earlier is not None
    assert (str(earlier.first), str(earlier.last)) == (first, last)


@pytest.mark.parametrize(
    ("now", "name", "first", "last"),
    [
        ("2026-03-10", "this_month", "2026-02-01", "2026-02-10"),
        ("2026-03-30", "this_month", "2026-02-01", "2026-02-28"),
        ("2026-02-28", "this_month", "2026-01-01", "2026-01-31"),
        ("2026-03-11", "this_week", "2026-03-02", "2026-03-04"),
        ("2026-03-15", "this_week", "2026-03-02", "2026-03-08"),
        ("2026-01-31", "this_quarter", "2025-10-01", "2025-10-31"),
        ("2026-03-31", "this_quarter", "2025-10-01", "2025-12-31"),
        ("2026-01-31", "this_year", "2025-01-01", "2025-01-31"),
    ],
)
def test_what_is_not_over_is_compared_with_as_many_days_of_the_one_before(
    now: str, name: str, first: str, last: str
) -> None:
    earlier = before(stretch_of(name, datetime.fromisoformat(f"{now}T12:00:00Z"), "UTC"))

    assert earlier is not None
    assert (str(earlier.first), str(earlier.last)) == (first, last)


def test_all_time_has_nothing_before() -> None:
    assert before(stretch_of("all_time", NOW, "UTC")) is None


@pytest.mark.parametrize(
    ("question", "periods"),
    [
        ("revenue today vs yesterday", ("today", "yesterday")),
        ("May I see the orders?", ()),
        ("orders in May", ("may",)),
        ("Orders of MARCH 2025!", ("march_2025",)),
        ("за последние 7 дней", ("last_7_days",)),
        ("past 2 weeks", ("last_14_days",)),
        ("за прошлый месяц и этот месяц", ("last_month", "this_month")),
        ("в мае 2026", ("may_2026",)),
        ("last 0 days", ()),
        ("marching on", ()),
        ("How does revenue compare with last month?", ("this_month", "last_month")),
        ("Did we sell more than last week?", ("this_week", "last_week")),
        ("сравни выручку с прошлым месяцем", ("this_month", "last_month")),
        ("Did revenue grow compared to March?", ("this_month", "march")),
        ("How did revenue change last month?", ("last_month",)),
        ("What came in from last month?", ("last_month",)),
    ],
)
def test_periods_are_heard(question: str, periods: tuple[str, ...]) -> None:
    assert slots_of(question).periods == periods


def test_other_slots_are_heard() -> None:
    slots = slots_of("Top 500 products by quantity in USD, compared per week")

    assert (slots.top, slots.by_quantity, slots.currency, slots.compares, slots.grain) == (
        20,
        True,
        "USD",
        True,
        "week",
    )
    assert slots_of("ALL NEW orders").currency is None
    assert slots_of("выручка в тенге").currency == "KZT"


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Compare revenue with last month", [("this_month", False), ("this_month", True)]),
        ("Compare revenue this month with last month", [("this_month", False), ("this_month", True)]),
        ("Revenue last month versus this month", [("this_month", False), ("this_month", True)]),
        ("How did revenue change last month?", [("last_month", False), ("last_month", True)]),
        ("Did revenue grow compared to March?", [("this_month", False), ("march", False)]),
        ("Revenue today vs yesterday", [("today", False), ("yesterday", False)]),
    ],
)
def test_which_stretches_are_compared(question: str, asked: list[tuple[str, bool]]) -> None:
    found = arguments_of(TOOLS["dashboard"], slots_of(question))

    assert [(one["period"], one.get("before", False)) for one in found] == asked
