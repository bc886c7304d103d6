"""Sessions that end when nobody uses them, and how a frontend learns of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from libs.common.actor import system_actor
from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.identity.manifest import SERVICE
from services.identity.sessions.models import Session
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import PASSWORD, Platform

IDLE = 1_800


async def shared(future: Any) -> tuple[str, Client]:
    """Somebody signed in on a shared device: the refresh token, and a client with the session."""
    owner = await future.register()
    tokens = await future.login_with(owner.email, remember=False)
    return tokens["refresh"], Client(future.context, await future.actor(tokens["access"]))


async def status(me: Client) -> dict[str, Any]:
    """How long the session lasts."""
    response = await me.get("/auth/session-management/status")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_a_session_tells_how_long_it_lasts(later: Any, future: Any) -> None:
    _, me = await shared(future)

    fresh = await status(me)
    later.clock.advance(seconds=1_200)
    old = await status(me)

    assert (fresh["seconds_left"], fresh["idle_seconds"], fresh["warning_seconds"]) == (IDLE, IDLE, 300)
    assert fresh["absolute_seconds_left"] == 7_776_000
    assert not fresh["is_warning"]
    assert (old["seconds_left"], old["absolute_seconds_left"]) == (600, 7_776_000 - 1_200)
    later.clock.advance(seconds=300)
    assert (await status(me))["is_warning"]
    assert datetime.fromisoformat(old["idle_expires_at"]) < datetime.fromisoformat(old["absolute_expires_at"])


async def test_asking_for_the_status_keeps_no_session_alive(later: Any, future: Any) -> None:
    refresh, me = await shared(future)

    for _ in range(19):
        later.clock.advance(seconds=99)
        # What the gateway asks before it passes the question for the status on.
        assert (await ask(future, me, is_passive=True)).status_code == 200
        await status(me)
    later.clock.advance(seconds=99)

    assert (await ask(future, me, is_passive=True)).status_code == 401
    assert (await me.get("/auth/session-management/status")).status_code == 401
    assert (await me.post("/auth/session-management/extend")).status_code == 401
    refused = await future.post("/auth/refresh", {"refresh": refresh})
    assert (refused.status_code, refused.json()["slug"]) == (401, "refresh-invalid")
    assert (await me.get("/auth/sessions")).json()["items"] == []


async def test_requests_keep_a_session_alive_up_to_its_absolute_end(
    make_context: MakeContext, identity_settings: IdentitySettings
) -> None:
    settings = identity_settings.model_copy(update={"session_seconds": 7_200})
    clock = ManualClock()
    future = Platform(await make_context(SERVICE, settings=settings, clock=clock))
    _, me = await shared(future)

    for _ in range(4):
        clock.advance(seconds=1_750)
        assert (await ask(future, me)).status_code == 200
    # The end is near, so that is how long the gateway may go on with the answer.
    clock.advance(seconds=190)
    assert (await ask(future, me)).json()["seconds"] == 10
    clock.advance(seconds=10)
    assert (await ask(future, me)).status_code == 401


async def test_it_never_ends_early_and_little_late(later: Any, future: Any) -> None:
    _, me = await shared(future)
    later.clock.advance(seconds=60)
    # Seen at 0, so this is noted nowhere yet; the gateway may go on for 30 s with what it was told.
    assert (await ask(future, me)).json()["seconds"] == 30

    later.clock.advance(seconds=IDLE + 29)
    assert (await ask(future, me, is_passive=True)).status_code == 200
    later.clock.advance(seconds=2)
    assert (await ask(future, me, is_passive=True)).status_code == 401


async def test_extending_begins_the_time_anew(later: Any, future: Any) -> None:
    _, me = await shared(future)
    later.clock.advance(seconds=1_700)

    extended = await me.post("/auth/session-management/extend")

    assert (extended.status_code, extended.json()["seconds_left"]) == (200, IDLE)
    assert not extended.json()["is_warning"]
    later.clock.advance(seconds=1_700)
    assert (await status(me))["seconds_left"] == 100


async def test_who_is_remembered_may_stay_away_for_weeks(later: Any, future: Any) -> None:
    owner = await future.register()
    tokens = await future.login(owner.email)

    later.clock.advance(days=29)

    assert (await future.authenticate(tokens["access"])).status_code == 200


async def test_sessions_of_the_release_before_have_no_idle_end(later: Any, future: Any) -> None:
    _, me = await shared(future)
    async with later.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            update(Session).where(Session.id == me.actor.session_id).values(idle_seconds=None)
        )
    later.clock.advance(days=80)

    assert (await ask(future, me)).status_code == 200
    left = await status(me)
    assert left["idle_seconds"] is None
    assert left["seconds_left"] == left["absolute_seconds_left"] == 10 * 86_400


async def test_the_last_use_is_written_once_a_minute_at_most(later: Any, future: Any) -> None:
    _, me = await shared(future)
    seen = set()
    for _ in range(12):
        later.clock.advance(seconds=10)
        assert (await ask(future, me)).status_code == 200
        (item,) = (await me.get("/auth/sessions")).json()["items"]
        seen.add(item["last_seen_at"])

    assert len(seen) == 2


async def test_without_a_session_there_is_nothing_to_tell(platform: Any) -> None:
    path = "/auth/session-management/status"
    assert (await platform.anyone.get(path)).status_code == 401
    assert (await platform.anyone.acting(user(None, session_id=None)).get(path)).status_code == 401


async def test_other_services_are_told_whether_the_sign_in_is_recent(later: Any, future: Any) -> None:
    _, me = await shared(future)
    assert me.actor is not None
    payments = Client(future.context, system_actor("payments"))

    async def is_recent(session_id: Any = me.actor.session_id) -> bool:
        response = await payments.get(f"/internal/sessions/{session_id}/recent")
        assert response.status_code == 200
        return bool(response.json()["is_recent"])

    assert await is_recent()
    later.clock.advance(seconds=901)
    assert not await is_recent()
    assert (await me.post("/auth/reauthenticate", json={"password": PASSWORD})).status_code == 200
    assert await is_recent()
    assert (await me.post("/auth/logout")).status_code == 204
    assert not await is_recent()
    assert not await is_recent(new_id())
    assert (await me.get(f"/internal/sessions/{me.actor.session_id}/recent")).status_code == 403


async def ask(future: Any, me: Client, **credential: Any) -> Any:
    """Ask as the gateway does, whether the session is good."""
    assert me.actor is not None
    return await future.authenticate(
        None,
        credential={
            "kind": "user",
            "user_id": str(me.actor.user_id),
            "session_id": str(me.actor.session_id),
            **credential,
        },
    )
