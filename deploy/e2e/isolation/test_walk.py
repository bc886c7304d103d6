"""Every operation of the merged API document, as one business and as none: nothing of another shows."""

import pytest

from deploy.e2e.isolation.floors import Rewriting, left_behind, no_row_security
from deploy.e2e.isolation.neighbours import World, unchanged

pytestmark = pytest.mark.xdist_group("isolation")


async def test_nothing_crosses_from_outside(world: World) -> None:
    walk, back = await world.walk(), await world.walk(back=True)
    async with unchanged(world):
        await walk.own()
        await walk.elsewhere()
    # One's own export of the audit log leaves an entry there.
    await back.own()
    await walk.foreign_keys()
    found = walk.crossings + back.crossings
    assert not found, "\n".join(found)
    assert await left_behind(world.suite.host.contexts) == []


# Whoever is signed in to a business of his own is tried on each floor alone: what crossed with both would with either.


async def test_the_filters_of_the_code_hold_without_row_level_security(world: World) -> None:
    walk = await world.walk()
    figures = await walk.snapshot()
    async with no_row_security(world.suite.settings.database_url), unchanged(world):
        # A sum over rows of both shows no word of the other.
        without = await walk.snapshot()
        await walk.inside()
        await walk.defaults()
    assert not walk.crossings, "\n".join(walk.crossings)
    assert {name: (figures[name], without[name]) for name in figures if figures[name] != without[name]} == {}


async def test_row_level_security_holds_without_the_filters_of_the_code(world: World) -> None:
    walk = await world.walk(twins=False)
    with Rewriting().no_filters(world.suite.host.contexts) as rewriting:
        async with unchanged(world):
            await walk.inside()
    assert not walk.crossings, "\n".join(walk.crossings)
    assert rewriting.count > 1000


async def test_every_operation_was_tried(world: World) -> None:
    walk = await world.walk()
    # With -rP this is the table of what was tried, how and how often.
    print(walk.table())
    assert not walk.untried(), "\n".join(walk.untried())
