"""The job runner: once per job, together with its effect, whatever dies."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import ColumnElement, Select, delete, event, literal, select, text
from sqlalchemy.exc import DBAPIError

from libs.common.clock import ManualClock
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.jobs.job import Job
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.tests.parcels.service import MODELS, SERVICE, Arrival
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually

MINUTE = 60.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(fresh_database: Callable[..., CommonSettings]) -> CommonSettings:
    return fresh_database(SERVICE)


@pytest.fixture
async def context(settings: CommonSettings, clock: ManualClock) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, settings, clock=clock)
    yield context
    await context.close()


async def leave_a_mark(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """An effect that can be counted."""
    tenant_id = uow.actor.tenant_id or UUID(int=0)
    uow.session.add(
        Arrival(
            tenant_id=tenant_id,
            handler="job",
            event_id=new_id(),
            parcel_id=new_id(),
            step=args.get("step", 0),
        )
    )
    await uow.flush()


async def marks(context: ServiceContext) -> list[int]:
    """The steps of all effects, in the order of commits."""
    async with context.unit_of_work(platform=True) as uow:
        return list(await uow.session.scalars(select(Arrival.step).order_by(Arrival.seq)))


async def jobs(context: ServiceContext, name: str) -> list[Any]:
    """The rows of a job."""
    model: Any = MODELS.job
    async with context.unit_of_work(platform=True) as uow:
        return list(
            (await uow.session.scalars(select(model).where(model.name == name).order_by(model.id))).all()
        )


def noting(seen: list[dict[str, Any]]) -> Callable[[UnitOfWork, dict[str, Any]], Awaitable[None]]:
    """What a job does that keeps its arguments."""

    async def note(uow: UnitOfWork, args: dict[str, Any]) -> None:
        seen.append(args)

    return note


def quiet(context: ServiceContext, *own: Job, **options: Any) -> JobRunner:
    """A runner of these jobs."""
    return JobRunner(context, own, **options)


async def swept(runner: JobRunner) -> None:
    """Get the sweeps out of the way, so that what is counted is the test's own."""
    await runner.run_due()


@asynccontextmanager
async def running(runner: JobRunner) -> AsyncIterator[asyncio.Event]:
    """Run within the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def test_a_deferred_job_runs_in_its_tenant_and_is_finished_with_its_effect(
    context: ServiceContext, tenant_id: UUID
) -> None:
    seen: list[tuple[UUID | None, bool, dict[str, Any]]] = []

    async def look(uow: UnitOfWork, args: dict[str, Any]) -> None:
        seen.append((uow.actor.tenant_id, uow.is_platform, args))
        await leave_a_mark(uow, args)

    runner = quiet(context, Job("look", look))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("look", step=4, note="ключ")
    await runner.run_due()
    assert seen == [(tenant_id, False, {"step": 4, "note": "ключ"})]
    assert await marks(context) == [4]
    [row] = await jobs(context, "look")
    assert row.finished_at is not None
    await runner.run_due()
    assert len(seen) == 1


async def test_a_job_of_a_change_that_was_not_committed_does_not_exist(
    context: ServiceContext, tenant_id: UUID
) -> None:
    async def change() -> None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look")
            await uow.flush()
            raise ValueError("the change failed")

    with pytest.raises(ValueError, match="the change failed"):
        await change()
    assert await jobs(context, "look") == []


async def test_a_job_waits_for_its_time(context: ServiceContext, clock: ManualClock, tenant_id: UUID) -> None:
    runner = quiet(context, Job("look", leave_a_mark))
    await swept(runner)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("look", run_at=uow.now + timedelta(hours=1))
    assert await runner.run_due() == 0
    clock.advance(minutes=61)
    await runner.run_due()
    assert await marks(context) == [0]


async def test_a_key_is_unique_among_the_unfinished_jobs_of_a_tenant(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    runner = quiet(context, Job("look", leave_a_mark))

    async def defer(tenant: UUID, step: int) -> None:
        async with context.unit_of_work(tenant_id=tenant) as uow:
            uow.defer("look", key="same", step=step)
            uow.defer("look", key="same", step=step + 100)

    await defer(tenant_id, 1)
    await defer(tenant_id, 2)
    await defer(other_tenant_id, 3)
    await runner.run_due()
    assert await marks(context) == [1, 3]
    await defer(tenant_id, 4)
    await runner.run_due()
    assert await marks(context) == [1, 3, 4]


async def test_jobs_deferred_before_a_change_of_tenant_belong_to_the_tenant_they_were_deferred_in(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("look")
        await uow.enter_tenant(other_tenant_id)
        uow.defer("look")
    assert [row.tenant_id for row in await jobs(context, "look")] == [tenant_id, other_tenant_id]


async def test_a_failed_run_leaves_no_effect_and_comes_again_later_and_later(
    context: ServiceContext, clock: ManualClock, tenant_id: UUID
) -> None:
    async def fail(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await leave_a_mark(uow, args)
        raise ValueError("not today")

    runner = quiet(context, Job("fail", fail, max_attempts=3))
    await swept(runner)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("fail")
    waits = []
    for attempt in (1, 2):
        assert await runner.run_due() == 1
        [row] = await jobs(context, "fail")
        assert (row.attempts, row.last_error, row.dead_at) == (attempt, "ValueError: not today", None)
        waits.append((row.run_at - clock.now()).total_seconds())
        assert await runner.run_due() == 0
        clock.advance(seconds=waits[-1])
    assert 2.5 <= waits[0] <= 5
    assert 5 <= waits[1] <= 10
    assert await runner.run_due() == 1
    [row] = await jobs(context, "fail")
    assert (row.attempts, row.dead_at) == (3, clock.now())
    clock.advance(hours=2)
    await swept(runner)
    assert (await jobs(context, "fail"))[0].attempts == 3
    assert await marks(context) == []


async def test_two_runners_share_the_work_and_do_nothing_twice(
    context: ServiceContext, settings: CommonSettings, clock: ManualClock, tenant_id: UUID
) -> None:
    other = ServiceContext(SERVICE, settings, clock=clock)
    job = Job("look", leave_a_mark)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for step in range(60):
            uow.defer("look", step=step)
    async with running(quiet(context, job, poll=0.05)), running(quiet(other, job, poll=0.05)):
        await eventually(lambda: _counted(context, 60))
    await other.close()
    assert sorted(await marks(context)) == list(range(60))


async def test_a_job_whose_worker_was_killed_is_taken_over(
    context: ServiceContext, settings: CommonSettings, tenant_id: UUID
) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("deliver", step=9)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "libs.common.jobs.tests.dies",
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )
    given = {
        "environment": "test",
        "database_url": settings.database_url,
        "role_prefix": settings.role_prefix,
        "amqp_url": None,
    }
    _, errors = await process.communicate(json.dumps(given).encode())
    assert process.returncode == -signal.SIGKILL, errors.decode()
    [row] = await jobs(context, "deliver")
    assert (row.attempts, row.finished_at) == (1, None)
    async with running(quiet(context, Job("deliver", leave_a_mark), poll=0.05)):
        await eventually(lambda: _counted(context, 1))
    assert await marks(context) == [9]
    assert (await jobs(context, "deliver"))[0].attempts == 2


async def test_a_run_that_overran_its_lease_has_no_effect(
    context: ServiceContext, clock: ManualClock, tenant_id: UUID
) -> None:
    async def stall(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await leave_a_mark(uow, args)
        await asyncio.Event().wait()

    runner = quiet(context, Job("stall", stall, lease=0.2))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("stall")
    await runner.run_due()
    assert await marks(context) == []
    [row] = await jobs(context, "stall")
    assert row.last_error.startswith("TimeoutError")
    assert row.run_at > clock.now()


async def test_a_claim_is_renewed_as_long_as_its_run_goes_on(
    context: ServiceContext, settings: CommonSettings, clock: ManualClock, tenant_id: UUID
) -> None:
    ended = asyncio.Event()

    async def long(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await leave_a_mark(uow, args)
        await ended.wait()

    job = Job("long", long, hold=3)
    other = ServiceContext(SERVICE, settings, clock=clock)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("long")

    async def renewed() -> bool:
        [row] = await jobs(context, "long")
        firsts.setdefault("claim", row.locked_until)
        return bool(row.locked_until > firsts["claim"] + timedelta(seconds=job.hold / 2))

    firsts: dict[str, Any] = {}
    async with running(quiet(context, job, poll=0.02)), running(quiet(other, job, poll=0.02)):
        await eventually(lambda: _claimed(context))
        await eventually(renewed)
        ended.set()
        await eventually(lambda: _counted(context, 1))
    await other.close()
    [row] = await jobs(context, "long")
    assert (row.attempts, await marks(context)) == (1, [0])


async def test_a_run_whose_job_was_taken_over_has_no_effect(context: ServiceContext, tenant_id: UUID) -> None:
    async def overtaken(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await leave_a_mark(uow, args)
        async with context.unit_of_work(platform=True) as elsewhere:
            await elsewhere.session.execute(text("UPDATE parcels.jobs SET attempts = attempts + 1"))

    runner = quiet(context, Job("overtaken", overtaken))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("overtaken")
    await runner.run_due()
    assert await marks(context) == []
    [row] = await jobs(context, "overtaken")
    # It belongs to the other one, who alone may finish or put it back.
    assert (row.attempts, row.finished_at, row.last_error) == (2, None, None)
    assert row.locked_until is not None


async def test_a_job_that_kills_every_worker_is_given_up(context: ServiceContext, tenant_id: UUID) -> None:
    runner = quiet(context, Job("deadly", leave_a_mark, max_attempts=3))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("deadly")
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text("UPDATE parcels.jobs SET attempts = 3 WHERE name = 'deadly'"))
    await runner.run_due()
    assert await marks(context) == []
    assert (await jobs(context, "deadly"))[0].dead_at is not None


async def test_a_timed_job_whose_workers_all_died_rests_a_while_and_runs_again(
    context: ServiceContext, clock: ManualClock
) -> None:
    runner = quiet(context, Job("tick", leave_a_mark, every=MINUTE, max_attempts=3))
    async with context.unit_of_work(platform=True) as uow:
        uow.session.add(MODELS.job(name="tick", key="@tick", args={}, run_at=uow.now, attempts=3))
    await runner.run_due()
    [row] = await jobs(context, "tick")
    assert (row.attempts, row.dead_at, await marks(context)) == (0, None, [])
    assert row.last_error.startswith("LeaseLost")
    clock.advance(seconds=MINUTE)
    await runner.run_due()
    assert (await jobs(context, "tick"), await marks(context)) == ([], [0])


async def test_a_job_of_another_release_is_left_alone(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("of_tomorrow")
    await quiet(context).run_due()
    [row] = await jobs(context, "of_tomorrow")
    assert (row.attempts, row.locked_until) == (0, None)


async def test_a_timed_job_runs_once_per_tick_in_the_platform_scope(
    context: ServiceContext, settings: CommonSettings, clock: ManualClock
) -> None:
    scopes: list[bool] = []

    async def tick(uow: UnitOfWork, args: dict[str, Any]) -> None:
        scopes.append(uow.is_platform)
        await leave_a_mark(uow, args)

    job = Job("tick", tick, every=MINUTE)
    other = ServiceContext(SERVICE, settings, clock=clock)
    runners = [quiet(context, job), quiet(other, job)]
    for ticks in (1, 2, 3):
        for runner in runners:
            await runner.run_due()
            await runner.run_due()
        assert len(await marks(context)) == ticks
        clock.advance(seconds=MINUTE)
    await other.close()
    assert set(scopes) == {True}
    # Its runs leave no rows behind; the schedule tells when it last ran.
    assert await jobs(context, "tick") == []


async def test_ticks_missed_in_an_outage_are_not_made_up_for(
    context: ServiceContext, clock: ManualClock
) -> None:
    runner = quiet(context, Job("tick", leave_a_mark, every=MINUTE))
    await runner.run_due()
    clock.advance(hours=3)
    await runner.run_due()
    await runner.run_due()
    assert len(await marks(context)) == 2


async def test_timed_jobs_go_on_when_the_clock_is_set_back(
    context: ServiceContext, settings: CommonSettings, clock: ManualClock
) -> None:
    job = Job("tick", leave_a_mark, every=MINUTE)
    other = ServiceContext(SERVICE, settings, clock=ManualClock(clock.now()))
    runners = [quiet(context, job), quiet(other, job)]
    await runners[0].run_due()
    clock.advance(hours=-3)
    for ticks in (2, 3, 4):
        await runners[0].run_due()
        assert len(await marks(context)) == ticks
        clock.advance(seconds=MINUTE)
    # One whose clock is a little behind takes no tick again.
    clocks: Any = other.clock
    clocks.advance(hours=-3, seconds=2 * MINUTE - 5)
    await runners[1].run_due()
    await other.close()
    assert len(await marks(context)) == 4


async def test_a_timed_job_that_fails_does_not_pile_up_and_is_tried_again_within_its_interval(
    context: ServiceContext, clock: ManualClock
) -> None:
    tries = 0

    async def fail(uow: UnitOfWork, args: dict[str, Any]) -> None:
        nonlocal tries
        tries += 1
        raise ValueError("no")

    runner = quiet(context, Job("tick", fail, every=MINUTE, max_attempts=20))
    for _ in range(5):
        await runner.run_due()
        assert len(await jobs(context, "tick")) == 1
        clock.advance(seconds=MINUTE)
    assert tries == 5


async def test_a_commit_wakes_the_runner_of_its_process(context: ServiceContext, tenant_id: UUID) -> None:
    async with running(quiet(context, Job("look", leave_a_mark), poll=60)):
        for count in (1, 2):
            async with context.unit_of_work(tenant_id=tenant_id) as uow:
                uow.defer("look")
            await eventually(lambda count=count: _counted(context, count), seconds=10)
    assert await marks(context) == [0, 0]


def claims(context: ServiceContext) -> list[str]:
    """The statements by which jobs are looked for and claimed, from here on."""
    found: list[str] = []

    def sent(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("WITH in_bulk"):
            found.append(statement)

    event.listen(context.engine.sync_engine, "before_cursor_execute", sent)
    return found


async def test_a_job_begins_with_its_commit_where_there_is_room(
    context: ServiceContext, tenant_id: UUID
) -> None:
    seen: list[dict[str, Any]] = []
    runner = quiet(context, Job("look", leave_a_mark), Job("note", noting(seen)), poll=60)
    await swept(runner)
    async with running(runner):
        await eventually(lambda: context.jobs is runner)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look")
        await eventually(lambda: _counted(context, 1))
        looked_for = claims(context)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=1)
            uow.defer("note", pair=("a", None))
        await eventually(lambda: _counted(context, 2))
        await eventually(lambda: seen)
    assert looked_for == []
    assert seen == [{"pair": ["a", None]}]
    assert {(row.attempts, row.locked_until) for row in await jobs(context, "look")} == {(1, None)}
    assert context.jobs is None


async def test_a_job_that_is_not_added_or_not_committed_takes_no_place(
    context: ServiceContext, tenant_id: UUID
) -> None:
    may_end, began = asyncio.Event(), asyncio.Event()

    async def wait(uow: UnitOfWork, args: dict[str, Any]) -> None:
        began.set()
        await may_end.wait()

    async def fail() -> None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=1)
            uow.write(Direct(text("SELECT 1 / 0")), {})

    async def fail_before() -> None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=1)
            uow.defer("wait", no_json=object())

    runner = quiet(context, Job("wait", wait), Job("look", leave_a_mark), poll=60, concurrency=2)
    await swept(runner)
    async with running(runner):
        await eventually(lambda: context.jobs is runner)
        looked_for = claims(context)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("wait", key="one")
        await began.wait()
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("wait", key="one")
        with pytest.raises(DBAPIError):
            await fail()
        with pytest.raises(TypeError, match="not JSON"):
            await fail_before()
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=2)
        await eventually(lambda: _counted(context, 1))
        may_end.set()
    # Had one of them kept a place, there would have been no room.
    assert looked_for == []
    assert await marks(context) == [2]
    assert len(await jobs(context, "wait")) == 1


async def test_what_a_commit_begins_has_nothing_of_the_surroundings_of_the_commit(
    context: ServiceContext, tenant_id: UUID
) -> None:
    whose = ContextVar("whose", default="nobody's")
    seen: list[str] = []

    async def look(uow: UnitOfWork, args: dict[str, Any]) -> None:
        seen.append(whose.get())

    runner = quiet(context, Job("look", look), poll=60)
    async with running(runner):
        await eventually(lambda: context.jobs is runner)
        whose.set("a request's")
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look")
        await eventually(lambda: seen)
    assert seen == ["nobody's"]


async def test_a_job_that_began_with_its_commit_is_held_like_any_other(
    context: ServiceContext, tenant_id: UUID
) -> None:
    may_end = asyncio.Event()

    async def hang(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await may_end.wait()

    runner = quiet(context, Job("look", hang, lease=3600, hold=3600), poll=60)
    await swept(runner)
    async with running(runner):
        await eventually(lambda: context.jobs is runner)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look")
        [row] = await jobs(context, "look")
        may_end.set()
    assert row.attempts == 1
    # Until then it is nobody else's, though the process should die.
    assert timedelta(hours=1) <= row.locked_until - row.created_at < timedelta(hours=1, minutes=5)


async def test_a_runner_finds_what_another_process_has_deferred(
    context: ServiceContext, settings: CommonSettings, tenant_id: UUID
) -> None:
    async with running(quiet(context, Job("look", leave_a_mark), poll=0.05)):
        other = ServiceContext(SERVICE, settings, clock=context.clock)
        async with other.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look")
        await other.close()
        await eventually(lambda: _counted(context, 1))
    assert await marks(context) == [0]


async def test_a_runner_at_rest_sends_one_statement_a_look(
    context: ServiceContext, clock: ManualClock
) -> None:
    looks, statements = 0, list[str]()

    def looked(*_: Any) -> None:
        nonlocal looks
        looks += 1

    def sent(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement.split()[0])

    runner = quiet(context, Job("tick", leave_a_mark, every=MINUTE), poll=0.01)
    await swept(runner)
    event.listen(context.engine.sync_engine.pool, "checkout", looked)
    event.listen(context.engine.sync_engine, "before_cursor_execute", sent)
    async with running(runner):
        # The first turn measures.
        await eventually(lambda: looks >= 5)
        statements.clear()
        seen = looks
        await eventually(lambda: looks >= seen + 20)
        assert set(statements) == {"SELECT"}
        # The last look may have a connection and not have sent its statement, or the first have had its own.
        assert abs(len(statements) - (looks - seen)) <= 1
        # A tick: one statement that adds and claims the run, its effect, and its end.
        clock.advance(seconds=MINUTE)
        await eventually(lambda: "DELETE" in statements)
        seen = looks
        await eventually(lambda: looks >= seen + 5)
        assert [verb for verb in statements if verb != "SELECT"] == ["WITH", "INSERT", "DELETE"]


async def test_a_timed_job_that_would_find_nothing_is_not_run_but_once_a_minute(
    context: ServiceContext, clock: ManualClock, tenant_id: UUID
) -> None:
    async def step_on(uow: UnitOfWork, args: dict[str, Any]) -> None:
        await leave_a_mark(uow, {"step": 2})

    def waiting(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
        # 100% of them, less half a minute.
        return select(Arrival.seq).where(
            Arrival.step == 1, literal("100%") == "100%", now - timedelta(seconds=30) >= due
        )

    def counted(count: int) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            return (await marks(context)).count(2) == count

        return reached

    looks = 0

    def looked(*_: Any) -> None:
        nonlocal looks
        looks += 1

    due = clock.now() + timedelta(seconds=10)
    runner = quiet(context, Job("step", step_on, every=1, finds=waiting), poll=0.01)
    event.listen(context.engine.sync_engine.pool, "checkout", looked)
    async with running(runner):
        # It begins with a run, and asks from then on.
        await eventually(counted(1))
        clock.advance(seconds=20)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await leave_a_mark(uow, {"step": 1})
        for _ in range(5):
            clock.advance(seconds=1)
            seen = looks
            await eventually(lambda seen=seen: looks >= seen + 3)
        assert await counted(1)()
        # What it looks for is there, and long enough.
        clock.advance(seconds=20)
        await eventually(counted(2))
        async with context.unit_of_work(platform=True) as uow:
            await uow.session.execute(delete(Arrival).where(Arrival.step == 1))
        clock.advance(seconds=59)
        seen = looks
        await eventually(lambda: looks >= seen + 3)
        assert await counted(2)()
        clock.advance(seconds=2)
        await eventually(counted(3))
        # Set back, the clock says nothing of how long that was ago.
        clock.advance(hours=-2)
        await eventually(counted(4))


async def test_no_more_jobs_run_at_once_than_allowed_and_all_do_run(
    context: ServiceContext, tenant_id: UUID
) -> None:
    at_once, most = 0, 0

    async def slow(uow: UnitOfWork, args: dict[str, Any]) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await leave_a_mark(uow, args)
        at_once -= 1

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for step in range(20):
            uow.defer("slow", step=step)
    async with running(quiet(context, Job("slow", slow), concurrency=2, poll=60)):
        await eventually(lambda: _counted(context, 20))
    assert most <= 2


async def test_jobs_in_bulk_leave_room_for_what_somebody_waits_for(
    context: ServiceContext, tenant_id: UUID
) -> None:
    inside: list[str] = []
    most = 0
    let_go = asyncio.Event()

    async def wait(uow: UnitOfWork, args: dict[str, Any]) -> None:
        nonlocal most
        inside.append("bulk")
        most = max(most, inside.count("bulk"))
        await let_go.wait()
        inside.remove("bulk")
        await leave_a_mark(uow, args)

    runner = quiet(context, Job("wait", wait, in_bulk=True), Job("mark", leave_a_mark), concurrency=4)
    await swept(runner)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for _ in range(12):
            uow.defer("wait", step=0)
        for step in range(1, 9):
            uow.defer("mark", step=step)

    async def others_are_done() -> bool:
        return sorted(await marks(context)) == list(range(1, 9))

    async def all_are_done() -> bool:
        return len(await marks(context)) == 20

    async with running(runner):
        await eventually(others_are_done, seconds=20)
        let_go.set()
        await eventually(all_are_done, seconds=20)
    assert most == 1


async def test_no_more_jobs_are_claimed_than_there_is_room_for_whatever_the_plan(
    context: ServiceContext, settings: CommonSettings, tenant_id: UUID
) -> None:
    # Only nested loops: a select within the update would be run anew for each row, and claim more every time.
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        for name in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET enable_{name} = off")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for step in range(5):
            uow.defer("mark", step=step)
    await context.engine.dispose()

    runner = quiet(context, Job("mark", leave_a_mark))
    assert await runner.run_due() >= 5
    assert sorted(await marks(context)) == [0, 1, 2, 3, 4]


async def test_a_stop_waits_for_what_is_running(context: ServiceContext, tenant_id: UUID) -> None:
    started, held = asyncio.Event(), asyncio.Event()

    async def hold(uow: UnitOfWork, args: dict[str, Any]) -> None:
        started.set()
        await held.wait()
        await leave_a_mark(uow, args)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("hold")
    async with running(quiet(context, Job("hold", hold))) as stop:
        await started.wait()
        stop.set()
        await asyncio.sleep(0)
        held.set()
    assert await marks(context) == [0]


async def test_it_outlives_a_cut_connection(
    context: ServiceContext, settings: CommonSettings, tenant_id: UUID
) -> None:
    async with running(quiet(context, Job("look", leave_a_mark), poll=0.05)):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=1)
        await eventually(lambda: _counted(context, 1))
        with psycopg.connect(settings.database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'pillars-parcels' AND datname = current_database()"
            )
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.defer("look", step=2)
        await eventually(lambda: _counted(context, 2))
    assert sorted(await marks(context)) == [1, 2]


async def _claimed(context: ServiceContext) -> bool:
    return any(row.locked_until is not None for row in await jobs(context, "long"))


def _counted(context: ServiceContext, count: int) -> Awaitable[bool]:
    async def reached() -> bool:
        return len(await marks(context)) >= count

    return reached()
