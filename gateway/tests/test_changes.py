"""What the gateway remembers of rights, and how it learns that it changed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from gateway.changes import Changed
from gateway.tests.conftest import World, make_world
from gateway.tests.identity import Person, SigningKey
from libs.common.ids import new_id
from libs.common.messaging.listening import Hear
from libs.common.testing.eventually import eventually
from libs.contracts.identity import (
    CHANGES_OF_ACCESS,
    AccessChanged,
    MemberRemoved,
    SessionRevoked,
    TenantSuspended,
)


class Bus:
    """A bus of which a test can break the connection, or let it fall silent."""

    def __init__(self) -> None:
        self.hear: Hear | None = None
        self.is_up = True
        self.is_silent = False
        self.failures = 0
        self._failure: BaseException = ConnectionError("lost")
        self._lost = asyncio.Event()

    async def listen(self, types: Sequence[str], hear: Hear, begun: Callable[[], None]) -> None:
        if not self.is_up:
            raise ConnectionError("away")
        assert set(types) == {event.wire_name for event in CHANGES_OF_ACCESS}
        self.hear = hear
        self._lost.clear()
        begun()
        await self._lost.wait()
        self.hear = None
        self.failures += 1
        raise self._failure

    async def check(self) -> None:
        if self.is_silent:
            await asyncio.Event().wait()
        if self.hear is None:
            raise ConnectionError("nobody listens")

    def tell(self, event: Any) -> None:
        assert self.hear is not None
        self.hear(event.wire_name, event.model_dump(mode="json"))

    def fail_with(self, failure: BaseException) -> None:
        self._failure = failure
        self._lost.set()

    def break_down(self) -> None:
        self.is_up = False
        self._lost.set()


@asynccontextmanager
async def listening(**options: Any) -> AsyncIterator[tuple[World, Bus]]:
    """A world whose gateway is certain to hear of changes, or will be when somebody asks for something."""
    bus = Bus()
    async with make_world(listener=bus, actor_cache_certain_seconds=60, **options) as world:
        yield world, bus


def asked(world: World) -> int:
    return world.identity.calls["authenticate"]


async def settle(world: World, person: Person) -> int:
    """Let somebody be known and the gateway be certain; how often identity was asked until then."""
    changes = world.gateway.authenticator.changes
    await world.get("/api/v1/deals", headers=person.headers)
    await eventually(lambda: changes.is_certain)
    await world.get("/api/v1/deals", headers=person.headers)
    before = asked(world)
    await world.get("/api/v1/deals", headers=person.headers)
    assert asked(world) == before, "what is known is not asked for again"
    return before


def naming(person: Person) -> dict[str, Any]:
    """An event of each kind that concerns somebody."""
    actor = person.actor
    assert actor.user_id
    assert actor.session_id
    assert actor.tenant_id
    return {
        "session": SessionRevoked(session_id=actor.session_id, user_id=new_id(), reason="x"),
        "member": MemberRemoved(company_id=new_id(), user_id=actor.user_id),
        "tenant": TenantSuspended(company_id=actor.tenant_id, company_name="x"),
        "role": AccessChanged.of(company_id=actor.tenant_id),
        "anyone": AccessChanged.of(),
    }


@pytest.mark.parametrize("kind", ["session", "member", "tenant", "role", "anyone"])
async def test_what_is_heard_of_is_forgotten_at_once(kind: str) -> None:
    async with listening() as (world, bus):
        ann, ben = world.identity.person(), world.identity.person()
        await settle(world, ben)
        before = await settle(world, ann)

        bus.tell(naming(ann)[kind])
        await world.get("/api/v1/deals", headers=ann.headers)
        assert asked(world) == before + 1
        await world.get("/api/v1/deals", headers=ben.headers)

        assert asked(world) == before + (2 if kind == "anyone" else 1)


async def test_a_signing_key_that_is_withdrawn_is_forgotten_at_once() -> None:
    async with listening() as (world, bus):
        ann = world.identity.person()
        old = ann.headers
        await settle(world, ann)
        looks = world.identity.calls["jwks"]
        # Identity is slow to answer who reads the keys just now, with the one in it that is withdrawn meanwhile.
        keys, slow = world.gateway.authenticator._verifier._keys, world.identity.hold_jwks()
        keys.forget()
        reading = asyncio.create_task(world.get("/api/v1/deals", headers=old))
        await eventually(lambda: world.identity.calls["jwks"] == looks + 1)
        world.identity.keys[:] = [SigningKey("key-2")]
        bus.tell(AccessChanged.of())
        slow.set()

        assert (await reading).status_code == 401
        assert (await world.get("/api/v1/deals", headers=old)).status_code == 401
        assert (await world.get("/api/v1/deals", headers=ann.headers)).status_code == 200
        assert world.identity.calls["jwks"] == looks + 2


async def test_no_token_passes_once_keys_may_be_withdrawn_and_cannot_be_read() -> None:
    async with listening() as (world, bus):
        ann = world.identity.person()
        await settle(world, ann)
        world.identity.tells_keys = False
        bus.tell(AccessChanged.of())

        assert (await world.get("/api/v1/deals", headers=ann.headers)).status_code == 503


async def test_a_revoked_key_is_forgotten() -> None:
    async with listening() as (world, bus):
        actor = world.identity.person(key_id=new_id(), session_id=None).actor
        headers = {"X-API-Key": world.identity.api_key(actor)}
        before = await settle(world, Known(headers))
        world.identity.actors.clear()

        assert (await world.get("/api/v1/deals", headers=headers)).status_code == 200
        bus.tell(AccessChanged.of(key_id=actor.key_id))

        assert (await world.get("/api/v1/deals", headers=headers)).status_code == 401
        assert asked(world) == before + 1


class Known:
    """Somebody by his headers."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers


async def test_many_changes_at_once_are_all_heard_and_the_memory_gone_through_seldom() -> None:
    async with listening() as (world, bus):
        people = [world.identity.person() for _ in range(50)]
        await settle(world, people[0])
        for person in people:
            await world.get("/api/v1/deals", headers=person.headers)
        before = asked(world)

        for person in people:
            bus.tell(naming(person)["session"])

        async def all_were_asked_about_anew() -> bool:
            for person in people:
                await world.get("/api/v1/deals", headers=person.headers)
            return asked(world) >= before + 50

        await eventually(all_were_asked_about_anew)
        assert asked(world) == before + 50


async def test_an_event_that_cannot_be_read_may_concern_anyone() -> None:
    for data in (None, {}, {"user_id": "nobody"}, {"session_id": 7}, {"company_id": None}):
        changed = Changed()
        changed.note(data)
        assert changed.is_anyone
    changed = Changed()
    user = new_id()
    changed.note({"user_id": str(user), "company_id": str(new_id())})
    assert changed == Changed(users={user})
    assert isinstance(next(iter(changed.users)), UUID)


async def test_without_a_bus_rights_are_asked_for_every_second() -> None:
    async with make_world(actor_cache_seconds=0) as world:
        ann = world.identity.person()
        for _ in range(3):
            await world.get("/api/v1/deals", headers=ann.headers)
        assert asked(world) == 3
        assert world.identity.calls["unpublished"] == 0
        assert b"pillars_gateway_access_certain 0.0" in (await world.get("/metrics")).content


async def test_a_lost_connection_makes_the_gateway_forget_and_doubt() -> None:
    async with listening(actor_cache_seconds=0) as (world, bus):
        ann = world.identity.person()
        changes = world.gateway.authenticator.changes
        before = await settle(world, ann)
        assert b"pillars_gateway_access_certain 1.0" in (await world.get("/metrics")).content

        bus.break_down()
        await eventually(lambda: not changes.is_certain)
        for _ in range(3):
            await world.get("/api/v1/deals", headers=ann.headers)
        assert asked(world) == before + 3

        bus.is_up = True
        await settle(world, ann)


@pytest.mark.parametrize("failure", [asyncio.CancelledError(), RuntimeError("unheard of")])
async def test_whatever_a_library_does_the_gateway_goes_on_listening(failure: BaseException) -> None:
    async with listening(actor_cache_seconds=0) as (world, bus):
        ann = world.identity.person()
        await settle(world, ann)

        bus.fail_with(failure)
        await eventually(lambda: bus.failures == 1)

        await settle(world, ann)
        assert world.gateway.authenticator.changes.is_certain


async def test_a_connection_that_fell_silent_is_noticed() -> None:
    async with listening(actor_cache_seconds=0) as (world, bus):
        ann = world.identity.person()
        before = await settle(world, ann)

        bus.is_silent = True
        await eventually(lambda: not world.gateway.authenticator.changes.is_certain)
        await world.get("/api/v1/deals", headers=ann.headers)

        assert asked(world) == before + 1


async def test_what_the_bus_does_not_have_yet_is_learnt_from_identity() -> None:
    async with listening() as (world, _):
        ann = world.identity.person()
        before = await settle(world, ann)
        looks = world.identity.calls["unpublished"]

        event = naming(ann)["session"]
        world.identity.unpublished = [(event.wire_name, event.model_dump(mode="json"))]
        await eventually(lambda: world.identity.calls["unpublished"] >= looks + 2)
        await world.get("/api/v1/deals", headers=ann.headers)

        assert asked(world) == before + 1


async def test_a_bus_that_is_too_far_behind_is_no_certainty() -> None:
    async with listening(actor_cache_seconds=0) as (world, _):
        ann = world.identity.person()
        before = await settle(world, ann)

        world.identity.is_whole = False
        await eventually(lambda: not world.gateway.authenticator.changes.is_certain)
        await world.get("/api/v1/deals", headers=ann.headers)

        assert asked(world) == before + 1


async def test_identity_says_how_long_an_answer_holds() -> None:
    async with listening() as (world, _):
        ann = world.identity.person()
        await settle(world, ann)
        world.identity.seconds = 0.0
        ben = world.identity.person()
        before = asked(world)

        for _ in range(3):
            await world.get("/api/v1/deals", headers=ben.headers)

        assert asked(world) == before + 3


async def test_an_idle_gateway_asks_nothing() -> None:
    async with listening() as (world, _):
        changes = world.gateway.authenticator.changes
        changes._in_use_seconds = 0.2
        await world.get("/api/v1/deals", headers=world.identity.person().headers)
        await eventually(lambda: changes.is_certain)
        await eventually(lambda: not changes.is_certain)
        looks = world.identity.calls["unpublished"]
        assert looks < 4
        await world.get("/api/v1/deals", headers=world.identity.person().headers)
        await eventually(lambda: changes.is_certain)
        assert world.identity.calls["unpublished"] == looks + 1
