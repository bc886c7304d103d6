"""Refresh tokens: rotation, reuse, races."""

import asyncio
from typing import Any

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import SessionRevoked


async def test_a_refresh_token_is_traded_for_a_new_pair(platform: Any) -> None:
    owner = await platform.register()
    first = await platform.login(owner.email)

    second = (await platform.post("/auth/refresh", {"refresh": first["refresh"]})).json()

    assert second["refresh"] != first["refresh"]
    assert (await platform.actor(second["access"])).user_id == owner.user_id
    # The session goes on, so the access token from before is good until it expires.
    assert (await platform.actor(first["access"])).user_id == owner.user_id


async def test_a_reused_token_ends_the_whole_session(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    first = await platform.login(owner.email)
    second = (await platform.post("/auth/refresh", {"refresh": first["refresh"]})).json()

    reused = await platform.post("/auth/refresh", {"refresh": first["refresh"]})

    assert (reused.status_code, reused.json()["slug"]) == (401, "refresh-reused")
    newest = await platform.post("/auth/refresh", {"refresh": second["refresh"]})
    assert (newest.status_code, newest.json()["slug"]) == (401, "refresh-invalid")
    assert (await platform.authenticate(second["access"])).status_code == 401
    assert len(await emitted(context, owner.company_id, SessionRevoked)) == 1
    # Other sessions of the person go on.
    assert await platform.login(owner.email)


async def test_of_two_refreshes_at_once_exactly_one_wins(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    for _ in range(5):
        token = (await platform.login(owner.email))["refresh"]

        answers = await asyncio.gather(
            *(platform.post("/auth/refresh", {"refresh": token}) for _ in range(4))
        )

        assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]
        assert "refresh-reused" in {a.json().get("slug") for a in answers}
        winner = next(a.json() for a in answers if a.status_code == 200)
        # The loser may be a thief, or the winner may be: nobody keeps the session.
        assert (await platform.authenticate(winner["access"])).status_code == 401
    assert len(await emitted(context, owner.company_id, SessionRevoked)) == 5


async def test_junk_is_refused_and_ends_nothing(platform: Any) -> None:
    owner = await platform.register()
    tokens = await platform.login(owner.email)

    for junk in ("nothing", tokens["refresh"][:-1], tokens["access"][:200]):
        response = await platform.post("/auth/refresh", {"refresh": junk})
        assert (response.status_code, response.json()["slug"]) == (401, "refresh-invalid")

    assert (await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 200


async def test_tokens_and_sessions_expire(later: Any, platform: Any, future: Any) -> None:

    owner = await platform.register()
    tokens = await future.login(owner.email)

    later.clock.advance(days=29)
    tokens = (await future.post("/auth/refresh", {"refresh": tokens["refresh"]})).json()
    later.clock.advance(days=31)
    idle = await future.post("/auth/refresh", {"refresh": tokens["refresh"]})
    assert (idle.status_code, idle.json()["slug"]) == (401, "refresh-invalid")

    later.clock.advance(days=31)
    assert (await future.authenticate(tokens["access"])).status_code == 401


async def test_tokens_are_not_stored_in_the_clear(context: ServiceContext, platform: Any) -> None:
    from sqlalchemy import text

    owner = await platform.register()
    token = (await platform.login(owner.email))["refresh"]

    async with context.unit_of_work(platform=True) as uow:
        stored = await uow.session.execute(
            text("SELECT encode(token_hash, 'escape') FROM identity.refresh_tokens")
        )
        assert token not in set(stored.scalars())


async def test_signing_out_ends_the_session(platform: Any) -> None:
    owner = await platform.register()
    tokens = await platform.login(owner.email)
    me = Client(platform.context, await platform.actor(tokens["access"]))

    assert (await me.post("/auth/logout")).status_code == 204

    assert (await platform.authenticate(tokens["access"])).status_code == 401
    assert (await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 401
    # Once more does no harm.
    assert (await me.post("/auth/logout")).status_code == 204


async def test_who_has_only_the_refresh_token_can_sign_out(platform: Any) -> None:
    owner = await platform.register()
    tokens = await platform.login(owner.email)

    assert (await platform.post("/auth/logout", {"refresh": tokens["refresh"]})).status_code == 204

    assert (await platform.authenticate(tokens["access"])).status_code == 401


async def test_sessions_are_listed_and_ended_one_by_one(platform: Any) -> None:
    owner = await platform.register()
    phone = await platform.login(owner.email, **{"User-Agent": "phone"})
    laptop = await platform.login(owner.email, **{"User-Agent": "laptop"})
    me = Client(platform.context, await platform.actor(laptop["access"]))

    listed = (await me.get("/auth/sessions")).json()["items"]
    assert [(s["user_agent"], s["is_current"]) for s in listed] == [("laptop", True), ("phone", False)]
    first_page = (await me.get("/auth/sessions", params={"limit": 1})).json()
    rest = (await me.get("/auth/sessions", params={"limit": 1, "cursor": first_page["next_cursor"]})).json()
    assert [s["user_agent"] for s in first_page["items"] + rest["items"]] == ["laptop", "phone"]

    assert (await me.delete(f"/auth/sessions/{listed[1]['id']}")).status_code == 204
    assert (await me.delete(f"/auth/sessions/{listed[1]['id']}")).status_code == 404
    assert (await platform.authenticate(phone["access"])).status_code == 401
    assert [s["user_agent"] for s in (await me.get("/auth/sessions")).json()["items"]] == ["laptop"]


async def test_nobody_ends_the_session_of_another(platform: Any) -> None:
    victim, thief = await platform.register(), await platform.register()
    theirs = await platform.login(victim.email)
    session_id = (await platform.actor(theirs["access"])).session_id
    me = await platform.signed_in(thief.email)

    assert (await me.delete(f"/auth/sessions/{session_id}")).status_code == 404
    assert (await platform.authenticate(theirs["access"])).status_code == 200


async def test_all_sessions_are_ended_at_once(platform: Any) -> None:
    owner = await platform.register()
    tokens = [await platform.login(owner.email) for _ in range(3)]
    me = Client(platform.context, await platform.actor(tokens[0]["access"]))

    kept = await me.post("/auth/sessions/revoke-all", json={"keep_current": True})
    assert kept.json() == {"revoked": 2}
    assert [(await platform.authenticate(t["access"])).status_code for t in tokens] == [200, 401, 401]
    assert (await me.post("/auth/sessions/revoke-all")).json() == {"revoked": 1}
    assert (await platform.authenticate(tokens[0]["access"])).status_code == 401


async def test_sessions_ended_long_ago_are_forgotten(later: Any, platform: Any, future: Any) -> None:
    from sqlalchemy import func, select

    from services.identity.sessions.jobs import forget_sessions
    from services.identity.sessions.models import RefreshToken, Session

    owner = await platform.register()
    await future.login(owner.email)

    async def left() -> int:
        async with later.unit_of_work(platform=True) as uow:
            await forget_sessions(uow, {})
            statement = select(func.count()).select_from(Session).outerjoin(RefreshToken)
            return int(await uow.session.scalar(statement.where(Session.user_id == owner.user_id)) or 0)

    assert await left() == 1
    later.clock.advance(days=121)
    assert await left() == 0
