"""When schedules are due, and the runs they make."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.crm.automation.durations import seconds_of
from services.crm.automation.schedules import Schedule, next_time
from services.crm.tests.automation.office import RULES, Office


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ({"every": "90m"}, "2026-03-31T09:30", "2026-03-31T11:00"),
        ({"every": 86400}, "2026-03-31T09:30", "2026-04-01T09:30"),
        ({"frequency": "daily", "at": "08:00"}, "2026-03-31T09:30", "2026-04-01T08:00"),
        ({"frequency": "daily", "at": "09:30"}, "2026-03-31T09:30", "2026-04-01T09:30"),
        (
            {"frequency": "daily", "at": "08:00", "time_zone": "Africa/Johannesburg"},
            "2026-03-31T05:59",
            "2026-03-31T06:00",
        ),
        ({"frequency": "weekly", "weekday": "friday"}, "2026-03-31T09:30", "2026-04-03T09:00"),
        ({"frequency": "monthly", "day": 31, "at": "00:00"}, "2026-02-01T00:00", "2026-02-28T00:00"),
        # The clocks go forward over half past two, and back over it.
        (
            {"frequency": "daily", "at": "02:30", "time_zone": "Europe/Berlin"},
            "2026-03-28T12:00",
            "2026-03-29T01:30",
        ),
        (
            {"frequency": "daily", "at": "02:30", "time_zone": "Europe/Berlin"},
            "2026-10-25T00:30",
            "2026-10-26T01:30",
        ),
    ],
)
def test_a_schedule_says_when_it_is_due_next(schedule: dict[str, Any], after: str, expected: str) -> None:
    assert next_time(Schedule.model_validate(schedule), at(after)) == at(expected)


@given(
    st.integers(1_767_225_600, 1_893_456_000),
    st.sampled_from(["daily", "weekly", "monthly"]),
)
def test_the_next_time_lies_ahead_and_nothing_between(seconds: int, frequency: Any) -> None:
    schedule = Schedule(frequency=frequency, time_zone="Europe/Berlin")
    after = datetime.fromtimestamp(seconds, UTC)

    found = next_time(schedule, after)

    assert found > after
    middle = after + (found - after) / 2
    assert next_time(schedule, middle) == found


@pytest.mark.parametrize("text", ["P", "PT", "P1Y", "1y", "-5m", "", "1.5h", "P367D", "now"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        seconds_of(text)


def test_lengths_of_time_are_read_as_people_write_them() -> None:
    assert [seconds_of(one) for one in (90, "90", "90s", "15m", "2h", "1d", "1W", "P1DT2H3M4S", "P2W")] == [
        90, 90, 90, 900, 7200, 86_400, 604_800, 93_784, 1_209_600,
    ]  # fmt: skip


async def test_a_rule_runs_when_its_time_has_come(office: Office) -> None:
    trigger = {"type": "schedule", "schedule": {"every": "1h"}}
    rule = await office.rule(trigger, {"type": "create_task", "name": "Look around"})
    await office.settle()
    assert await office.runs(rule) == []

    # Hours that nobody was there count once.
    for minutes in (61, 1, 240):
        office.clock.advance(minutes=minutes)
        await office.settle()

    runs = await office.runs(rule)
    assert [(run["trigger_type"], run["status"]) for run in runs] == [("schedule", "completed")] * 2
    assert (await office.crm.get(f"{RULES}/{rule['id']}"))["version"] == 1
    assert await office.tasks() == ["Look around"] * 2


async def test_a_rule_runs_for_each_thing_that_its_conditions_choose(office: Office) -> None:
    trigger = {"type": "schedule", "schedule": {"frequency": "daily", "at": "07:00"}, "object_type": "deal"}
    rule = await office.rule(
        trigger,
        {"type": "add_tag", "tag": "stale"},
        conditions=[
            {"field": "deal.updated_at", "operator": "lt", "value": "now-3d"},
            {"not": {"field": "deal.tags", "operator": "contains", "value": "stale"}},
        ],
    )
    assert rule["trigger"]["schedule"]["time_zone"] == "Africa/Johannesburg"
    old = await office.crm.deal("old")
    office.clock.advance(days=4)
    new = await office.crm.deal("new")
    await office.settle()
    office.clock.advance(days=1)
    await office.settle()

    [run] = await office.runs(rule)
    assert (run["object_id"], run["status"]) == (old["id"], "completed")
    assert (await office.crm.get(f"/deals/{new['id']}"))["tags"] == []


async def test_a_rule_looks_at_all_things_of_a_kind(office: Office) -> None:
    trigger = {"type": "schedule", "schedule": {"every": "1d"}, "object_type": "company"}
    held = {"field": "name", "operator": "ends_with", "value": "00"}
    rule = await office.rule(trigger, {"type": "add_tag", "tag": "seen"}, conditions=held)
    async with office.context.unit_of_work(tenant_id=office.tenant_id) as uow:
        await uow.session.execute(
            text(
                "INSERT INTO crm.companies (tenant_id, id, name, tags)"
                " SELECT :tenant_id, gen_random_uuid(), 'c' || n, '[]' FROM generate_series(1, 301) n"
            ),
            {"tenant_id": office.tenant_id},
        )
    office.clock.advance(days=1, seconds=1)
    await office.settle()

    assert [run["status"] for run in await office.runs(rule)] == ["completed"] * 3


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"every": 59},
        {"every": "1d", "at": "09:00"},
        {"frequency": "daily", "weekday": "monday"},
        {"frequency": "weekly", "day": 1},
        {"frequency": "daily", "at": "25:00"},
        {"frequency": "daily", "time_zone": "Mars/Base"},
    ],
)
async def test_a_schedule_that_makes_no_sense_is_refused(office: Office, schedule: dict[str, Any]) -> None:
    body = {
        "name": "x",
        "trigger": {"type": "schedule", "schedule": schedule},
        "actions": [{"type": "wait", "for": 1}],
    }

    await office.crm.refused(422, "validation-failed", RULES, **body)
