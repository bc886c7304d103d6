"""Signing keys: publishing and rotation."""

from typing import Any

from jose import jwt
from sqlalchemy import func, select, text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.identity import AccessChanged
from services.identity.manifest import SERVICE
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD, seed
from services.identity.signing_keys.jobs import rotate_signing_keys, withdraw_signing_key
from services.identity.signing_keys.models import SigningKey
from services.identity.signing_keys.service import SigningKeyService
from services.identity.tests.outsiders import Platform


async def published(platform: Any) -> list[dict[str, Any]]:
    """The public key set."""
    return (await platform.anyone.get("/.well-known/jwks.json")).json()["keys"]


async def test_the_key_set_never_shows_private_parts(context: ServiceContext, platform: Any) -> None:
    response = await platform.anyone.get("/.well-known/jwks.json")

    assert response.json()["keys"]
    for key in response.json()["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    async with context.unit_of_work(platform=True) as uow:
        stored = (await uow.session.execute(select(SigningKey))).scalars().all()
    for row in stored:
        assert "PRIVATE" not in row.private_pem
        assert set(row.public_jwk) == {"kty", "use", "alg", "kid", "n", "e"}


async def test_after_a_rotation_old_tokens_are_good_until_they_end(
    make_context: Any, identity_settings: Any, fresh_database: Any
) -> None:
    clock = ManualClock()
    context = ServiceContext(SERVICE, fresh_database(SERVICE), settings=identity_settings, clock=clock)
    try:
        await seed(context)
        platform = Platform(context)
        owner = await platform.register()
        old = await platform.login(owner.email)
        (before,) = await published(platform)

        async with context.unit_of_work(platform=True) as uow:
            await rotate_signing_keys(uow, {})
        assert await published(platform) == [before]
        async with context.unit_of_work(platform=True) as uow:
            await rotate_signing_keys(uow, {"now": True})
        # It is shown first, for whoever remembers the key set to know it by the time it signs.
        clock.advance(seconds=299)
        early = await platform.login(owner.email)
        assert jwt.get_unverified_header(early["access"])["kid"] == before["kid"]
        clock.advance(seconds=32)
        new = await platform.login(owner.email)

        keys = await published(platform)
        assert [key["kid"] for key in keys][1:] == [before["kid"]]
        assert jwt.get_unverified_header(new["access"])["kid"] == keys[0]["kid"]
        for tokens in (old, early, new):
            claims = jwt.decode(tokens["access"], {"keys": keys}, algorithms=["RS256"], audience="pillars")
            assert claims["sub"] == str(owner.user_id)

        clock.advance(hours=2)
        assert [key["kid"] for key in await published(platform)] == [keys[0]["kid"]]
        clock.advance(days=90)
        async with context.unit_of_work(platform=True) as uow:
            await rotate_signing_keys(uow, {})
        assert (await published(platform))[0]["kid"] != keys[0]["kid"]
        async with context.unit_of_work(platform=True) as uow:
            # The first one could verify nothing any more, so it is gone.
            assert await uow.session.scalar(select(func.count(SigningKey.id))) == 2
    finally:
        await context.close()


async def test_a_tenants_scope_never_sees_keys_sessions_or_counters(
    context: ServiceContext, platform: Any
) -> None:
    owner = await platform.register()
    await platform.login(owner.email)

    async with context.unit_of_work(tenant_id=owner.company_id) as uow:
        for table in ("signing_keys", "sessions", "refresh_tokens", "attempt_counters"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM identity.{table}")) == 0


async def test_of_several_rotations_at_once_each_key_waits_its_turn(
    identity_settings: Any, fresh_database: Any
) -> None:
    clock = ManualClock()
    context = ServiceContext(SERVICE, fresh_database(SERVICE), settings=identity_settings, clock=clock)

    async def signs() -> str:
        async with context.unit_of_work(platform=True) as uow:
            return str((await SigningKeyService(uow).signing()).id)

    try:
        await seed(context)
        order = [await signs()]
        clock.advance(hours=5)
        for _ in range(2):
            async with context.unit_of_work(platform=True) as uow:
                order.append(str((await SigningKeyService(uow).rotate()).id))
            clock.advance(seconds=60)
            assert await signs() == order[0]
        clock.advance(seconds=181)
        assert await signs() == order[1]
        clock.advance(seconds=60)
        assert await signs() == order[2]
    finally:
        await context.close()


async def test_a_key_that_leaked_is_withdrawn_and_another_signs_at_once(
    identity_settings: Any, fresh_database: Any
) -> None:
    clock = ManualClock()
    context = ServiceContext(SERVICE, fresh_database(SERVICE), settings=identity_settings, clock=clock)
    try:
        await seed(context)
        platform = Platform(context)
        owner = await platform.register()
        tokens = await platform.login(owner.email)
        chief = await platform.signed_in(DEMO_EMAIL, DEMO_PASSWORD)
        boss = await platform.signed_in(owner.email)

        async def kid(tokens: dict[str, Any]) -> str:
            header = jwt.get_unverified_header(tokens["access"])
            assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
            return str(header["kid"])

        async def refreshed(tokens: dict[str, Any]) -> dict[str, Any]:
            answer = await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        first = await kid(tokens)
        # One that was retired long ago and may still verify does not sign again.
        async with context.unit_of_work(platform=True) as uow:
            await rotate_signing_keys(uow, {"now": True})
        clock.advance(seconds=600)
        tokens = await refreshed(tokens)
        second = await kid(tokens)
        listed = (await chief.get("/signing-keys")).json()["items"]
        assert [key["id"] for key in listed] == [second, first]
        assert {"private_pem", "public_jwk"}.isdisjoint(listed[0])

        path = f"/signing-keys/{second}/withdraw"
        for client, status in ((boss, 403), (platform.anyone, 401)):
            assert (await client.post(path)).status_code == status
        assert (await boss.get("/signing-keys")).status_code == 403
        assert (await chief.post(path)).status_code == 204
        assert (await chief.post(path)).status_code == 404

        tokens = await refreshed(tokens)
        third = await kid(tokens)
        assert third not in (first, second)
        assert [key["kid"] for key in await published(platform)] == [third, first]
        told = await emitted(context, OPERATOR_TENANT_ID, AccessChanged)
        assert told[-1].data["whose"] == "everybody"
        (record,) = [
            e.data
            for e in await emitted(context, OPERATOR_TENANT_ID, CHANGE_RECORDED["identity"])
            if e.data["action"] == "withdrawn"
        ]
        assert (record["resource"], record["resource_id"]) == ("signing_key", second)
        # By command, and once more for whoever was not sure.
        for _ in range(2):
            async with context.unit_of_work(platform=True) as uow:
                await withdraw_signing_key(uow, {"key_id": first})
        assert [key["kid"] for key in await published(platform)] == [third]
        clock.advance(seconds=1000)
        assert (await chief.post(f"/signing-keys/{third}/withdraw")).status_code == 403
    finally:
        await context.close()
