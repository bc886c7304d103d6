"""Work that can be given up."""

import asyncio

import pytest

from libs.common.messaging.waiting import backoff, done_before


async def nothing() -> None:
    """Is done at once."""


async def test_work_is_done_while_nobody_says_stop() -> None:
    assert await done_before(asyncio.Event(), nothing())


async def test_work_is_given_up_at_the_stop() -> None:
    stop, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(done_before(stop, endless()))
    await begun.wait()
    stop.set()
    assert not await waiting
    assert ended.is_set()


async def test_the_error_of_the_work_is_raised() -> None:
    async def fails() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await done_before(asyncio.Event(), fails())


def test_pauses_grow_and_are_short_enough_to_find_soon_what_came_back() -> None:
    longest = [max(backoff(failures) for _ in range(50)) for failures in (1, 2, 3, 4, 100)]
    assert longest[:4] == sorted(longest[:4])
    assert 1 < longest[-1] <= 2
