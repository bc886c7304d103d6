"""What is made once for all who ask at the same time, and remembered for a while."""

import asyncio

import pytest

from gateway.cache import SingleFlightCache


class Maker:
    """Makes 1, 2, 3, … each when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end: list[asyncio.Event] = []

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.may_end.append(asyncio.Event())
        await self.may_end[-1].wait()
        return number


def for_ever(_: int) -> tuple[float, float]:
    return 0, float("inf")


@pytest.fixture
def cache() -> SingleFlightCache[str, int]:
    """One with room for two."""
    return SingleFlightCache(2)


@pytest.fixture
def maker() -> Maker:
    """One that has made nothing yet."""
    return Maker()


async def begun(cache: SingleFlightCache[str, int], maker: Maker, key: str = "a") -> "asyncio.Task[int]":
    """A caller who waits."""
    asking = asyncio.create_task(cache.make(key, for_ever, maker))
    for _ in range(3):
        await asyncio.sleep(0)
    return asking


async def test_who_asks_meanwhile_waits_along(cache: SingleFlightCache[str, int], maker: Maker) -> None:
    first, second = await begun(cache, maker), await begun(cache, maker)
    maker.may_end[0].set()
    assert (await first, await second, maker.begun, cache.get("a", 0)) == (1, 1, 1, 1)


async def test_who_leaves_takes_nothing_from_the_others(
    cache: SingleFlightCache[str, int], maker: Maker
) -> None:
    first, second = await begun(cache, maker), await begun(cache, maker)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    maker.may_end[0].set()
    assert (await second, maker.begun) == (1, 1)


async def test_what_was_forgotten_while_it_was_made_is_not_remembered(
    cache: SingleFlightCache[str, int], maker: Maker
) -> None:
    asking = await begun(cache, maker)
    cache.drop(lambda key, value: True)
    maker.may_end[0].set()
    assert await asking == 1
    assert cache.get("a", 0) is None


async def test_who_asks_after_it_was_forgotten_does_not_get_what_was_begun_before(
    cache: SingleFlightCache[str, int], maker: Maker
) -> None:
    first = await begun(cache, maker)
    cache.drop(lambda key, value: False)
    second = await begun(cache, maker)
    assert maker.begun == 2
    maker.may_end[0].set()
    assert await first == 1
    # The end of the first is not that of the second, which others may still wait along with.
    third = await begun(cache, maker)
    assert maker.begun == 2
    maker.may_end[1].set()
    assert (await second, await third, cache.get("a", 0)) == (2, 2, 2)


async def test_an_error_is_told_to_all_and_not_remembered(cache: SingleFlightCache[str, int]) -> None:
    async def fail() -> int:
        raise ValueError("planted")

    found = await asyncio.gather(*(cache.make("a", for_ever, fail) for _ in range(2)), return_exceptions=True)
    assert [str(error) for error in found] == ["planted", "planted"]
    maker = Maker()
    again = await begun(cache, maker)
    maker.may_end[0].set()
    assert await again == 1


@pytest.mark.parametrize(("now", "found"), [(9, None), (10, 1), (19, 1), (20, None)])
def test_a_value_counts_from_when_it_was_learnt_until_its_end(
    cache: SingleFlightCache[str, int], now: float, found: int | None
) -> None:
    cache.put("a", 1, 10, 20)
    assert cache.get("a", now) == found
    assert len(cache) == (found is not None)


def test_the_value_that_was_not_asked_for_the_longest_goes_first(cache: SingleFlightCache[str, int]) -> None:
    cache.put("a", 1, 0, 9)
    cache.put("b", 2, 0, 9)
    cache.get("a", 0)
    cache.put("c", 3, 0, 9)
    assert [cache.get(key, 0) for key in "abc"] == [1, None, 3]


def test_only_what_matches_is_forgotten(cache: SingleFlightCache[str, int]) -> None:
    cache.put("a", 1, 0, 9)
    cache.put("b", 2, 0, 9)
    assert cache.drop(lambda key, value: key == "a" and value == 1) == 1
    assert [cache.get(key, 0) for key in "ab"] == [None, 2]
