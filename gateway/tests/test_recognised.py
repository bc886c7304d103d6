"""Headers that came before are recognised without a look at each; whatever else counts still counts."""

import asyncio
from typing import Any

import pytest

from gateway.changes import Changed
from gateway.tests.conftest import World, make_world
from gateway.tests.identity import Person, SigningKey
from gateway.tests.test_changes import listening, settle
from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.testing.eventually import eventually
from libs.contracts.identity import AccessChanged, TenantSuspended


async def known(world: World, **changes: Any) -> Person:
    """Somebody whose headers were seen before."""
    person = world.identity.person(**changes)
    for _ in range(2):
        assert (await world.get("/api/v1/deals", headers=person.headers)).status_code == 200
    assert world.identity.calls["authenticate"] == 1
    return person


async def tenant(world: World, path: str = "/api/v1/deals", **headers: str) -> str:
    """In which business a request is done."""
    answer = (await world.get(path, headers=headers)).json()
    found: str = answer["actor"]["tenant_id"]
    return found


async def test_the_business_that_a_header_names_counts(world: World) -> None:
    headers = (await known(world, is_superuser=True)).headers
    named = [str(new_id()), str(new_id())]
    for _ in range(2):
        for one in named:
            assert await tenant(world, **headers, **{"X-Company-Id": one}) == one
    assert await tenant(world, **headers) not in named


async def test_the_business_of_a_host_counts(world: World) -> None:
    headers = (await known(world)).headers
    for host in ("one.example.com", "two.example.com"):
        await world.get("/api/v1/deals", headers={**headers, "Host": host})
    assert [asked["host"] for asked in world.identity.asked] == [None, "one.example.com", "two.example.com"]


async def test_the_business_in_a_superusers_query_counts(world: World) -> None:
    headers = (await known(world, is_superuser=True)).headers
    for one in (str(new_id()), str(new_id())):
        assert await tenant(world, f"/api/v1/deals?company_id={one}", **headers) == one


async def test_a_second_credential_is_refused(world: World) -> None:
    headers = (await known(world)).headers
    answer = await world.get("/api/v1/deals", headers={**headers, "X-API-Key": "plk_1"})
    assert answer.status_code == 400


async def test_only_asking_how_long_a_session_lasts_is_still_no_sign_of_life(world: World) -> None:
    headers = (await known(world)).headers
    await world.get("/api/v1/auth/session-management/status", headers=headers)
    assert [asked["credential"].get("is_passive", False) for asked in world.identity.asked] == [False, True]


@pytest.mark.parametrize("what", [{"tenant_status": "pending"}, {"lacking": "second-factor"}])
async def test_rights_that_are_about_to_change_are_asked_for_each_time(
    world: World, what: dict[str, str]
) -> None:
    person = world.identity.person(**what)
    for _ in range(3):
        await world.get("/api/v1/deals", headers=person.headers)
    assert world.identity.calls["authenticate"] == 3


async def test_a_key_counts_no_longer_than_it_was_looked_at() -> None:
    clock = ManualClock()
    async with make_world(clock=clock) as world:
        person = world.identity.person()
        headers = person.headers
        await world.get("/api/v1/deals", headers=headers)
        clock.advance(seconds=0.9)
        world.gateway.forget(user_id=person.actor.user_id)
        await world.get("/api/v1/deals", headers=headers)
        world.identity.keys[:] = [SigningKey("key-2")]
        clock.advance(seconds=0.2)
        assert (await world.get("/api/v1/deals", headers=headers)).status_code == 401


async def test_keys_that_were_withdrawn_while_they_were_read_never_count() -> None:
    async with listening() as (world, bus):
        ann = world.identity.person()
        await settle(world, ann)
        world.gateway.authenticator.forget_changed(Changed(is_anyone=True))
        looks, slow = world.identity.calls["jwks"], world.identity.hold_jwks()
        reading = asyncio.create_task(world.get("/api/v1/deals", headers=ann.headers))
        await eventually(lambda: world.identity.calls["jwks"] == looks + 1)
        world.identity.tells_keys = False
        bus.tell(AccessChanged.of())
        slow.set()
        assert (await reading).status_code == 503


async def test_who_works_elsewhere_is_forgotten_with_his_own_business() -> None:
    async with listening() as (world, bus):
        home = new_id()
        ann = world.identity.person(home_tenant_id=home)
        before = await settle(world, ann)
        bus.tell(TenantSuspended(company_id=home, company_name="x"))
        await world.get("/api/v1/deals", headers=ann.headers)
        assert world.identity.calls["authenticate"] == before + 1
