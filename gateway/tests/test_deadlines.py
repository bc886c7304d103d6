"""Limits of time, looked at for many exchanges together."""

import asyncio
import logging

import pytest

from gateway.deadline import Deadlines
from gateway.settings import GatewaySettings
from libs.common.errors import UpstreamTimeout

SHORT = GatewaySettings(_env_file=None, answer_seconds=0.2)


def fail() -> None:
    raise RuntimeError("planted")


async def wait_in_vain(deadlines: Deadlines, *, fails: bool) -> None:
    with deadlines.begin() as deadline:
        if fails:
            deadline.when_slow(fail)
        await asyncio.Event().wait()


async def expire(deadlines: Deadlines, *, fails: bool) -> None:
    with pytest.raises(UpstreamTimeout):
        await wait_in_vain(deadlines, fails=fails)


async def test_what_goes_wrong_with_one_exchange_takes_no_limit_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    deadlines = Deadlines(SHORT)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for fails in (True, False):
            group.create_task(expire(deadlines, fails=fails))
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
