"""The sweeps remove what has served its time and nothing else."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.jobs.retention import Retention
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.tests.parcels.service import MODELS, SERVICE
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE), clock=ManualClock())
    yield context
    await context.close()


async def add(context: ServiceContext, model: Any, **columns: Any) -> None:
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(insert(model).values(columns))


async def left(context: ServiceContext, column: Any) -> list[Any]:
    async with context.unit_of_work(platform=True) as uow:
        return list(await uow.session.scalars(select(column).order_by(column)))


def event(tenant_id: UUID, subject: str, published_at: datetime | None) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "type": "parcels.parcel_moved.v1",
        "source": "parcels",
        "subject": subject,
        "time": datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
        "data": {},
        "published_at": published_at,
    }


async def test_published_events_go_and_pending_ones_stay_however_old(
    context: ServiceContext, tenant_id: UUID
) -> None:
    now = context.clock.now()
    outbox: Any = MODELS.outbox
    await add(context, outbox, **event(tenant_id, "old", now - timedelta(days=8)))
    await add(context, outbox, **event(tenant_id, "young", now - timedelta(days=6)))
    await add(context, outbox, **event(tenant_id, "pending", None))
    await JobRunner(context, []).run_due()
    assert await left(context, outbox.subject) == ["pending", "young"]


async def test_the_retention_can_be_set(context: ServiceContext, tenant_id: UUID) -> None:
    outbox: Any = MODELS.outbox
    await add(context, outbox, **event(tenant_id, "young", context.clock.now() - timedelta(days=2)))
    await JobRunner(context, [], retention=Retention(outbox_days=1)).run_due()
    assert await left(context, outbox.subject) == []


async def test_old_marks_answers_jobs_and_letters_go(context: ServiceContext, tenant_id: UUID) -> None:
    now = context.clock.now()
    inbox: Any = MODELS.inbox
    key: Any = MODELS.idempotency_key
    job: Any = MODELS.job
    letter: Any = MODELS.dead_letter
    for days in (1, 10, 100):
        then = now - timedelta(days=days)
        name = f"{days} days"
        await add(context, inbox, event_id=new_id(), handler=name, processed_at=then)
        await add(context, key, tenant_id=tenant_id, scope="s", key=name, request_hash=b"", created_at=then)
        for state in ("finished", "dead"):
            await add(
                context,
                job,
                tenant_id=tenant_id,
                name=f"{state} {name}",
                args={},
                run_at=then,
                **{f"{state}_at": then},
            )
        await add(context, job, tenant_id=tenant_id, name=f"waiting {name}", args={}, run_at=then)
        await add(
            context,
            letter,
            handler=f"resolved {name}",
            envelope={},
            reason="",
            created_at=then,
            resolved_at=then,
        )
        await add(context, letter, handler=f"open {name}", envelope={}, reason="", created_at=then)
    await JobRunner(context, []).run_due()
    assert await left(context, inbox.handler) == ["1 days", "10 days"]
    assert await left(context, key.key) == ["1 days"]
    assert await left(context, job.name) == [
        "dead 1 days",
        "dead 10 days",
        "finished 1 days",
        "waiting 1 days",
        "waiting 10 days",
        "waiting 100 days",
    ]
    assert await left(context, letter.handler) == [
        "open 1 days",
        "open 10 days",
        "open 100 days",
        "resolved 1 days",
        "resolved 10 days",
    ]
