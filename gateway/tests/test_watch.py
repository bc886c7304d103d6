"""Looking at a service that says nothing."""

import asyncio
from typing import Any

import pytest

from gateway.deadline import Deadlines
from gateway.proxy.watch import Watch
from gateway.settings import GatewaySettings
from libs.common.clock import SystemClock
from libs.common.testing.eventually import eventually


async def test_it_is_looked_at_by_one_timer_whatever_is_sent_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = GatewaySettings(_env_file=None, stall_seconds=0.05)
    loop, asked, set_timers = asyncio.get_running_loop(), asyncio.Event(), []
    answer: asyncio.Future[bool] = loop.create_future()

    async def probe(_: float) -> bool:
        asked.set()
        return await answer

    def call_at(when: float, callback: Any, *args: Any, **options: Any) -> asyncio.TimerHandle:
        timer = real(when, callback, *args, **options)
        if callback == watch._look:
            set_timers.append(timer)
        return timer

    real = loop.call_at
    watch = Watch("crm", settings, SystemClock(), probe)
    monkeypatch.setattr(loop, "call_at", call_at)
    deadlines = Deadlines(settings)
    with deadlines.begin() as first, deadlines.begin() as second:
        watch.sent(first, is_repeatable=True)
        await asked.wait()
        # While it is asked, another request is sent.
        watch.sent(second, is_repeatable=True)
        answer.set_result(True)
        await eventually(lambda: len(set_timers) == 3)
        waiting = [timer for timer in set_timers if timer.when() > loop.time() and not timer.cancelled()]
        watch.stop()
    assert len(waiting) == 1
