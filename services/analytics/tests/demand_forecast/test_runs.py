"""Runs: asked for once, computed in batches, killed anywhere, and shown only when they are whole."""

import os
import signal
import time
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text, update

from libs.common.jobs.job import Job
from libs.common.jobs.runner import JobRunner
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.analytics.demand_forecast import jobs
from services.analytics.demand_forecast.figures import measure_forecasts
from services.analytics.demand_forecast.invariants import forecasts_are_of_a_run, shown_runs_are_whole
from services.analytics.demand_forecast.models import DemandForecast, ForecastRun
from services.analytics.demand_forecast.process import Worker, WorkerFailed
from services.analytics.tests.demand_forecast.conftest import PATH, Item, Shop, compute, refreshed


async def many(shop: Shop, number: int) -> None:
    """So many variants that sell a little."""
    for place in range(number):
        await shop.sell(Item(sku=f"S{place}"), [1 + place % 7] * 10)


async def set_run(context: ServiceContext, run_id: str, **values: object) -> None:
    """Change a run behind everybody's back."""
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(update(ForecastRun).where(ForecastRun.id == UUID(run_id)).values(**values))


async def test_a_run_is_asked_for_once(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    first = await client.post(f"{PATH}/refresh")
    second = await client.post(f"{PATH}/refresh", json={})
    third = await client.post(f"{PATH}/refresh", json={"grain": "week"})

    runs = first.json()["runs"]
    assert (first.status_code, second.status_code, third.status_code) == (202, 202, 202)
    assert [run["grain"] for run in runs] == ["day", "week", "month"]
    assert {run["status"] for run in runs} == {"queued"}
    assert second.json()["runs"] == runs
    assert third.json()["runs"] == [runs[1]]
    listed = (await client.get(f"{PATH}/runs", params={"status": "queued"})).json()["items"]
    assert {run["id"] for run in listed} == {run["id"] for run in runs}
    one = (await client.get(f"{PATH}/runs/{runs[0]['id']}")).json()
    assert (one["series"], one["computed"], one["until"]) == (None, 0, None)
    assert len(await emitted(context, tenant_id, CHANGE_RECORDED["analytics"])) == 3


async def test_bad_bodies_are_named(client: Client) -> None:
    for body in ({"grain": "hour"}, {"tz": "Mars"}, {"when": "now"}, []):
        assert (await client.post(f"{PATH}/refresh", json=body)).status_code == 422, body


async def test_a_business_cannot_fill_the_queue(client: Client, shop: Shop) -> None:
    await shop.sell(Item(), [3] * 10)
    for tz in ("Africa/Johannesburg", "Asia/Almaty"):
        assert (await client.post(f"{PATH}/refresh", json={"tz": tz})).status_code == 202

    refused = await client.post(f"{PATH}/refresh", json={"tz": "Europe/London"})

    assert (refused.status_code, refused.json()["slug"]) == (429, "rate-limited")
    assert int(refused.headers["Retry-After"]) > 0
    page = await client.get(PATH, params={"tz": "Europe/London"})
    assert (page.status_code, len(page.json()["items"])) == (200, 1)


async def test_the_first_question_has_an_answer_and_begins_a_run(
    client: Client, shop: Shop, worker: Worker
) -> None:
    await shop.sell(Item(), [3] * 20)

    first = await client.get(PATH)
    again = await client.get(PATH)
    await compute(client.context, worker)
    later = await client.get(PATH)

    assert first.json()["status"] == "computing"
    assert int(first.headers["Retry-After"]) > 0
    assert [found["source"] for found in first.json()["items"]] == ["direct"]
    assert first.json()["items"][0]["forecast"]
    assert again.json()["run"]["id"] == first.json()["run"]["id"] == later.json()["run"]["id"]
    assert later.json()["status"] == "ready"
    assert "Retry-After" not in later.headers
    assert [found["source"] for found in later.json()["items"]] == ["run"]


async def test_progress_can_be_seen_and_nothing_is_shown_before_the_end(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker, tenant_id: UUID
) -> None:
    await many(shop, 3)
    await refreshed(client, worker)
    await many(shop, jobs.BATCH + 5)
    [run] = (await client.post(f"{PATH}/refresh", json={"grain": "day"})).json()["runs"]
    under_way = jobs.Computation(context, worker, tenant_id, UUID(run["id"]))

    # The time is up after the first batch.
    cut = await under_way._begin()
    assert cut is not None
    assert await under_way._next(cut)

    seen = (await client.get(f"{PATH}/runs/{run['id']}")).json()
    assert (seen["status"], seen["series"], seen["computed"]) == ("running", jobs.BATCH + 8, jobs.BATCH)
    page = (await client.get(PATH)).json()
    assert (page["status"], len(page["items"]), page["run"]["id"]) == ("ready", 3, run["id"])

    # Whoever was killed here is followed by another, who does the rest and nothing twice.
    await compute(context, worker)

    done = (await client.get(f"{PATH}/runs/{run['id']}")).json()
    assert (done["status"], done["is_current"], done["computed"]) == ("done", True, jobs.BATCH + 8)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        kept = await uow.session.execute(
            select(DemandForecast.run_id, func.count()).group_by(DemandForecast.run_id)
        )
        assert [(str(run_id), count) for run_id, count in kept] == [(run["id"], jobs.BATCH + 8)]


async def test_two_who_compute_the_same_count_it_once(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker, tenant_id: UUID
) -> None:
    await many(shop, 4)
    [run] = (await client.post(f"{PATH}/refresh", json={"grain": "day"})).json()["runs"]
    one, other = (jobs.Computation(context, worker, tenant_id, UUID(run["id"])) for _ in range(2))
    cut = await one._begin()
    assert cut is not None
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        ids = await jobs.ForecastRepository(uow).pending(UUID(run["id"]), 10)
    await one._next(cut)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await jobs.ForecastRepository(uow).keep(UUID(run["id"]), {key: {} for key in ids}) == []
    await other.go_on(time.monotonic() + 60)
    await one._end()

    done = (await client.get(f"{PATH}/runs/{run['id']}")).json()
    assert (done["status"], done["computed"], done["series"]) == ("done", 4, 4)


async def test_the_job_runs_what_waits_in_a_process_that_ends_with_it(
    context: ServiceContext, client: Client, shop: Shop
) -> None:
    await shop.sell(Item(), [3] * 20)
    [run] = (await client.post(f"{PATH}/refresh", json={"grain": "day"})).json()["runs"]
    job = Job("compute_forecasts", jobs.compute_forecasts, every=1, finds=jobs.waiting)

    await JobRunner(context, [job]).run_due()

    assert (await client.get(f"{PATH}/runs/{run['id']}")).json()["status"] == "done"


async def test_a_worker_that_fails_again_and_again_ends_the_run_and_leaves_what_was_shown(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker, tenant_id: UUID
) -> None:
    await many(shop, 2)
    before = await refreshed(client, worker)
    [run] = (await client.post(f"{PATH}/refresh", json={"grain": "day"})).json()["runs"]

    failures = REGISTRY.get_sample_value("pillars_forecast_worker_failures_total")
    async with Worker(seconds=0.0) as impatient:
        for attempt in range(jobs.MOST_FAILURES):
            seen = (await client.get(f"{PATH}/runs/{run['id']}")).json()
            assert seen["status"] == ("queued" if attempt == 0 else "running")
            computation = jobs.Computation(context, impatient, tenant_id, UUID(run["id"]))
            await computation.go_on(time.monotonic() + 60)

    failed = REGISTRY.get_sample_value("pillars_forecast_worker_failures_total")
    assert failed == (failures or 0) + jobs.MOST_FAILURES
    seen = (await client.get(f"{PATH}/runs/{run['id']}")).json()
    assert (seen["status"], seen["is_current"]) == ("failed", False)
    assert "no answer" in seen["error"]
    page = (await client.get(PATH)).json()
    assert (page["run"]["id"], len(page["items"])) == (before["id"], 2)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert (await forecasts_are_of_a_run(uow)).breaches == 0


async def test_how_long_forecasts_are_waited_for_is_a_figure(
    context: ServiceContext, client: Client, worker: Worker
) -> None:
    async def oldest() -> float | None:
        async with context.unit_of_work(platform=True) as uow:
            await measure_forecasts(uow)
        return REGISTRY.get_sample_value("pillars_forecasts_oldest_seconds")

    [run] = (await client.post(f"{PATH}/refresh", json={"grain": "day"})).json()["runs"]
    await set_run(context, run["id"], created_at=context.clock.now() - timedelta(days=900))

    assert measure_forecasts in context.service.measures
    assert 900 * 86400 <= (await oldest() or 0) < 901 * 86400
    await compute(context, worker)
    assert await oldest() == 0


async def test_a_worker_that_was_killed_is_replaced() -> None:
    async with Worker() as own:
        first = await own.examine("day", [[3, 3, 3, 3, 3, 3, 3, 3, 3, 3]])
        assert own.pid is not None
        os.kill(own.pid, signal.SIGKILL)
        with pytest.raises(WorkerFailed):
            await own.examine("day", [[3] * 10])
        assert await own.examine("day", [[3] * 10]) == first


async def test_forecasts_are_renewed_at_night_where_they_are_looked_at(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker
) -> None:
    await shop.sell(Item(), [3] * 20)
    run = await refreshed(client, worker, tz="Africa/Johannesburg")
    now = context.clock.now()

    async def renewed(**values: object) -> bool:
        await set_run(context, run["id"], **values)
        async with context.unit_of_work(platform=True) as uow:
            await jobs.renew_forecasts(uow, {})
        waiting = (await client.get(f"{PATH}/runs", params={"status": "queued"})).json()["items"]
        return bool(waiting)

    assert not await renewed(finished_at=now - timedelta(hours=19))
    assert not await renewed(finished_at=now - timedelta(hours=40), asked_at=now - timedelta(days=15))
    assert await renewed(finished_at=now - timedelta(hours=40), asked_at=now - timedelta(days=13))


@pytest.mark.parametrize(
    ("hour", "hours", "is_due"), [(1, 21, True), (1, 19, False), (12, 21, False), (12, 31, True)]
)
def test_a_night_is_one_of_the_zone(hour: int, hours: int, is_due: bool) -> None:
    # Two o'clock in Johannesburg is midnight in London.
    now = datetime.fromisoformat(f"2026-03-10T{hour:02}:30:00+00:00")
    run = ForecastRun(tz="Africa/Johannesburg", finished_at=now - timedelta(hours=hours))

    assert jobs.is_due(run, now) == is_due


async def test_zones_that_nobody_asks_for_make_room(
    context: ServiceContext,
    client: Client,
    shop: Shop,
    worker: Worker,
    tenant_id: UUID,
) -> None:
    await many(shop, 1)
    zones = [f"Etc/GMT+{hours}" for hours in range(jobs.MOST_KEPT)]
    for tz in ("UTC", *zones):
        await refreshed(client, worker, tz=tz)

    runs = (await client.get(f"{PATH}/runs")).json()["items"]

    assert {run["tz"]: run["is_current"] for run in runs} == {"UTC": False} | dict.fromkeys(zones, True)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert (await forecasts_are_of_a_run(uow)).breaches == 0


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("UPDATE analytics.demand_forecasts SET document = NULL", shown_runs_are_whole),
        ("DELETE FROM analytics.demand_forecasts", shown_runs_are_whole),
        ("UPDATE analytics.forecast_runs SET status = 'failed'", shown_runs_are_whole),
        ("UPDATE analytics.forecast_runs SET is_current = false", forecasts_are_of_a_run),
    ],
)
async def test_a_planted_fault_is_found(
    context: ServiceContext,
    client: Client,
    shop: Shop,
    worker: Worker,
    tenant_id: UUID,
    fault: str,
    check: object,
) -> None:
    assert callable(check)
    await many(shop, 1)
    run = await refreshed(client, worker)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        before = await check(uow)
        await uow.session.execute(text(fault))
        after = await check(uow)

    assert (before.breaches, after.breaches) == (0, 1)
    assert after.examples == (run["id"],)
