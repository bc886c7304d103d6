"""The background work of a process goes on, whatever ends it."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE, ParcelMoved
from libs.common.runtime.host import CONSUME, JOBS, RELAY, Host
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually


async def test_a_relay_that_a_library_cancels_begins_again(
    fresh_database: Callable[..., CommonSettings], caplog: pytest.LogCaptureFixture
) -> None:
    host = Host([SERVICE], fresh_database(SERVICE), roles=(RELAY, CONSUME, JOBS))
    try:
        await host.start()
        await host.bus_joined()
        context = host.contexts[SERVICE.name]
        (relay,) = (task for task in asyncio.all_tasks() if task.get_name() == "relay of parcels")
        with caplog.at_level(logging.CRITICAL, logger="pillars"):
            # What it waits for is cancelled, not the task: nobody asked it to end.
            assert await eventually(lambda: relay._fut_waiter is not None)  # type: ignore[attr-defined]
            relay._fut_waiter.cancel()  # type: ignore[attr-defined]
            async with context.unit_of_work(tenant_id=new_id()) as uow:
                uow.emit(ParcelMoved(parcel_id=new_id(), step=1))
            outbox = context.models.outbox

            async def published() -> bool:
                async with context.unit_of_work(platform=True) as uow:
                    left = select(outbox.id).where(outbox.published_at.is_(None))
                    return not (await uow.session.execute(left)).all()

            await eventually(published)
    finally:
        await host.close()
