"""Who is let in: good tokens once verified are cheap, bad ones of every kind are refused."""

import asyncio
import hashlib
import hmac
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from gateway.tests.conftest import SECRET, World, make_world
from gateway.tests.identity import Person, SigningKey, b64, claims_of
from libs.common.actor import Actor, ActorKind, ActorSigner
from libs.common.clock import ManualClock
from libs.common.ids import new_id


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def hs256(key: bytes, claims: dict[str, Any], key_id: str) -> str:
    head = b64(orjson.dumps({"alg": "HS256", "typ": "JWT", "kid": key_id}))
    body = f"{head}.{b64(orjson.dumps(claims))}"
    return f"{body}.{b64(hmac.digest(key, body.encode(), hashlib.sha256))}"


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    head = b64(orjson.dumps({"alg": algorithm, "typ": "JWT", "kid": "key-1"}))
    return f"{head}.{b64(orjson.dumps(claims))}."


def own_claims(person: Person, **changes: Any) -> dict[str, Any]:
    assert person.actor.user_id
    assert person.actor.session_id
    return claims_of(person.actor.user_id, person.actor.session_id, **changes)


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = orjson.loads(__import__("base64").urlsafe_b64decode(body + "=="))
    claims["sub"] = str(new_id())
    return f"{head}.{b64(orjson.dumps(claims))}.{signature}"


async def test_only_asking_how_long_a_session_lasts_is_no_sign_of_life(world: World) -> None:
    ann = world.identity.person()

    for _ in range(2):
        await world.get("/api/v1/auth/session-management/status", headers=ann.headers)
        await world.get("/api/v1/deals", headers=ann.headers)

    signs = [not asked["credential"].get("is_passive", False) for asked in world.identity.asked]
    # Each is asked once: what was told in passing does not answer for a request that counts.
    assert signs == [False, True]


ATTACKS: dict[str, Any] = {
    "none": lambda p: unsigned(own_claims(p), "none"),
    "None": lambda p: unsigned(own_claims(p), "None"),
    "RS256 without a signature": lambda p: unsigned(own_claims(p), "RS256"),
    "HS256 with the public key": lambda p: hs256(p.identity.keys[0].public_pem(), own_claims(p), "key-1"),
    "HS256 with the modulus": lambda p: hs256(
        p.identity.keys[0].public_jwk()["n"].encode(), own_claims(p), "key-1"
    ),
    "tampered": lambda p: tampered(p.token()),
    "expired": lambda p: p.token(exp=1_700_000_000),
    "without exp": lambda p: p.token(exp=None),
    "exp as text": lambda p: p.token(exp="never"),
    "exp as true": lambda p: p.token(exp=True),
    "not yet valid": lambda p: p.token(nbf=4_000_000_000),
    "another audience": lambda p: p.token(aud="other"),
    "no audience": lambda p: p.token(aud=None),
    "another issuer": lambda p: p.token(iss="evil"),
    "no subject": lambda p: p.token(sub=None),
    "subject not an id": lambda p: p.token(sub="admin"),
    "subject a number": lambda p: p.token(sub=1),
    "unknown key": lambda p: SigningKey("key-9").sign(own_claims(p)),
    "another key under a known id": lambda p: SigningKey("evil").sign(own_claims(p), kid="key-1"),
    "without kid": lambda p: p.identity.keys[0].sign(own_claims(p), kid=None),
    "kid a list": lambda p: p.identity.keys[0].sign(own_claims(p), kid=["key-1"]),
    "kid a path": lambda p: p.identity.keys[0].sign(own_claims(p), kid="../../dev/null"),
    "jku": lambda p: p.identity.keys[0].sign(own_claims(p), jku="https://evil.example/jwks.json"),
    "x5u": lambda p: p.identity.keys[0].sign(own_claims(p), x5u="https://evil.example/cert.pem"),
    "embedded key": lambda p: SigningKey("evil").sign(own_claims(p), jwk=SigningKey("evil").public_jwk()),
    "critical extension": lambda p: p.identity.keys[0].sign(own_claims(p), crit=["exp"]),
    "another type": lambda p: p.identity.keys[0].sign(own_claims(p), typ="refresh+jwt"),
    "claims a list": lambda p: p.identity.keys[0].sign([1, 2]),
    "header not JSON": lambda p: "eyJ9.eyJ9.eyJ9",
    "oversized": lambda p: p.token(padding="x" * 9_000),
    "unknown opaque": lambda p: "plk_0123456789",
    "issued in the future": lambda p: p.token(iat=4_000_000_000),
    "issued at a text": lambda p: p.token(iat="now"),
    "exp beyond all": lambda p: p.token(exp=10**15),
    "exp Infinity": lambda p: raw_signed(p, own_claims(p), '"exp":', '"exp": Infinity, "x":'),
    "exp NaN": lambda p: raw_signed(p, own_claims(p), '"exp":', '"exp": NaN, "x":'),
    "a claim twice": lambda p: raw_signed(p, own_claims(p), '"sub":', f'"sub": "{new_id()}", "sub":'),
    "a header twice": lambda p: raw_signed(p, own_claims(p), '"alg":', '"alg": "none", "alg":', part=0),
    "a header twice, none last": lambda p: p.identity.keys[0].sign(own_claims(p), alg=["RS256"]),
    "claims nested deeply": lambda p: raw_signed(p, own_claims(p), '"exp":', '"x":' + "[" * 3000 + ',"exp":'),
    "compressed": lambda p: zipped(p),
    "zip without compression": lambda p: p.identity.keys[0].sign(own_claims(p), zip="DEF"),
    "unencoded payload": lambda p: p.identity.keys[0].sign(own_claims(p), b64=False),
    "certificates": lambda p: p.identity.keys[0].sign(own_claims(p), x5c=["MIIB"]),
    "kid SQL": lambda p: p.identity.keys[0].sign(own_claims(p), kid="key-1' OR '1'='1"),
    "kid a URL": lambda p: p.identity.keys[0].sign(own_claims(p), kid="http://127.0.0.1:9/keys"),
    "kid /dev/null": lambda p: hs256(b"", own_claims(p), "/dev/null"),
    "kid huge": lambda p: p.identity.keys[0].sign(own_claims(p), kid="k" * 5_000),
    "kid with a NUL": lambda p: p.identity.keys[0].sign(own_claims(p), kid="key-1\0"),
    "PS256": lambda p: p.identity.keys[0].sign(own_claims(p), alg="PS256"),
    "RS512": lambda p: p.identity.keys[0].sign(own_claims(p), alg="RS512"),
    "rs256": lambda p: p.identity.keys[0].sign(own_claims(p), alg="rs256"),
    "ES256 with an empty signature": lambda p: unsigned(own_claims(p), "ES256"),
    "an identity token": lambda p: p.identity.keys[0].sign(own_claims(p), typ="id+jwt"),
    "an internal identity": lambda p: ActorSigner(SECRET).sign(p.actor, 4_000_000_000),
    "nested": lambda p: p.identity.keys[0].sign(own_claims(p), cty="JWT", typ="JOSE"),
    "five parts": lambda p: p.token() + ".a.b",
    "JSON form": lambda p: orjson.dumps({"payload": p.token().split(".")[1], "signatures": []}).decode(),
    "padded": lambda p: p.token() + "=",
    "padded head": lambda p: p.token().replace(".", "=.", 1),
    "junk in the signature": lambda p: p.token()[:-8] + "!" + p.token()[-8:],
    "spelt with other bits": lambda p: respelt(p.token()),
    "standard base64": lambda p: p.token()[:-2] + "+/",
}


def raw_signed(person: Person, claims: dict[str, Any], old: str, new: str, part: int = 1) -> str:
    """A token that is signed by the platform's key, over JSON that was changed as text."""
    key = person.identity.keys[0]
    texts = [json.dumps({"alg": "RS256", "typ": "JWT", "kid": key.key_id}), json.dumps(claims)]
    texts[part] = texts[part].replace(old, new, 1)
    signed = ".".join(b64(text.encode()) for text in texts)
    return f"{signed}.{b64(key._signer.sign(signed.encode()))}"


def zipped(person: Person) -> str:
    """A token whose payload is compressed, as JWE allows and JWS does not."""
    key = person.identity.keys[0]
    payload = zlib.compress(json.dumps({**own_claims(person), "x": "0" * 1_000_000}).encode())
    signed = f"{b64(json.dumps({'alg': 'RS256', 'kid': key.key_id, 'zip': 'DEF'}).encode())}.{b64(payload)}"
    return f"{signed}.{b64(key._signer.sign(signed.encode()))}"


def respelt(token: str) -> str:
    """The same signature with other bits where base64url has bits to spare: 256 bytes leave four."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


class TestTokens:
    @pytest.mark.parametrize("attack", ATTACKS)
    async def test_a_bad_token_is_refused(self, world: World, attack: str) -> None:
        person = world.identity.person("crm.*")
        response = await world.get("/api/v1/deals", headers=bearer(ATTACKS[attack](person)))
        assert response.status_code == 401, response.text
        problem = response.json()
        assert problem["slug"] == "unauthenticated"
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert not world.crm.calls

    @pytest.mark.parametrize("value", ["Basic Zm9v", "Bearer", "Bearer ", "bearertoken", "Bearer a\tb"])
    async def test_a_header_in_another_form_is_refused(self, world: World, value: str) -> None:
        response = await world.get("/api/v1/deals", headers={"Authorization": value})
        assert response.status_code == 401

    async def test_an_expired_token_says_so(self, world: World) -> None:
        response = await world.get(
            "/api/v1/deals", headers=bearer(world.identity.person().token(exp=1_700_000_000))
        )
        assert "expired" in response.json()["detail"]

    async def test_a_good_token_lets_in(self, both: World) -> None:
        response = await both.get("/api/v1/deals", headers=both.identity.person().headers)
        assert response.status_code == 200

    async def test_a_token_ends_while_it_is_remembered(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:
            person = world.identity.person()
            token = person.token(exp=int((clock.now() + timedelta(seconds=30)).timestamp()))
            assert (await world.get("/api/v1/deals", headers=bearer(token))).status_code == 200
            clock.advance(seconds=40)
            assert (await world.get("/api/v1/deals", headers=bearer(token))).status_code == 401

    async def test_two_credentials_are_refused(self, world: World) -> None:
        both = {**world.identity.person().headers, "X-API-Key": "plk_1"}
        assert (await world.get("/api/v1/deals", headers=both)).status_code == 400

    async def test_two_authorization_headers_are_refused(self, world: World) -> None:
        token = world.identity.person().headers["Authorization"]
        response = await world.get(
            "/api/v1/deals", headers=[("Authorization", token), ("Authorization", token)]
        )
        assert response.status_code == 400


class TestKeys:
    async def test_a_rotated_key_is_seen_at_once(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:
            person = world.identity.person()
            assert (await world.get("/api/v1/deals", headers=person.headers)).status_code == 200
            clock.advance(seconds=6)
            world.identity.keys.insert(0, SigningKey("key-2"))
            assert (await world.get("/api/v1/deals", headers=person.headers)).status_code == 200
            assert world.identity.calls["jwks"] == 2

    async def test_unknown_key_ids_cost_identity_one_look_per_interval(self) -> None:
        async with make_world(actor_cache_seconds=60) as world:
            person = world.identity.person()
            await world.get("/api/v1/deals", headers=person.headers)
            forged = [SigningKey("evil").sign(own_claims(person), kid=f"k-{n}") for n in range(20)]
            responses = await asyncio.gather(*(world.get("/api/v1/deals", headers=bearer(t)) for t in forged))
            assert {r.status_code for r in responses} == {401}
            assert world.identity.calls["jwks"] == 1

    async def test_without_a_bus_a_withdrawn_key_is_known_for_a_second(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:
            person = world.identity.person()
            old = person.token()
            assert (await world.get("/api/v1/deals", headers=bearer(old))).status_code == 200
            world.identity.keys[:] = [SigningKey("key-2")]
            clock.advance(seconds=1)
            assert (await world.get("/api/v1/deals", headers=bearer(old))).status_code == 401
            assert (await world.get("/api/v1/deals", headers=person.headers)).status_code == 200


class TestApiKeys:
    @pytest.mark.parametrize("form", ["bearer", "header"])
    async def test_an_opaque_token_is_identitys_to_judge(self, both: World, form: str) -> None:
        owner = Actor(
            kind=ActorKind.API_KEY, user_id=new_id(), tenant_id=new_id(), permissions=frozenset({"crm.*"})
        )
        key = both.identity.api_key(owner)
        sent = bearer(key) if form == "bearer" else {"X-API-Key": key}
        seen = (await both.get("/api/v1/deals", headers=sent)).json()
        assert seen["actor"]["kind"] == "api_key"
        assert not any(name in ("x-api-key", "authorization") for name, _ in seen["headers"])

    async def test_guessing_is_slow(self) -> None:
        async with make_world(bad_credential_per_minute=60, bad_credential_burst=5) as world:
            statuses = [
                (await world.get("/api/v1/deals", headers={"X-API-Key": f"plk_{n}"})).status_code
                for n in range(8)
            ]
            assert statuses == [401] * 5 + [429] * 3
            assert world.identity.calls["authenticate"] == 5

    async def test_a_remembered_key_is_not_held_up_by_guesses_of_others(self) -> None:
        async with make_world(bad_credential_per_minute=60, bad_credential_burst=2) as world:
            key = world.identity.api_key(Actor(kind=ActorKind.API_KEY, user_id=new_id()))
            assert (await world.get("/api/v1/deals", headers={"X-API-Key": key})).status_code == 200
            for n in range(3):
                await world.get("/api/v1/deals", headers={"X-API-Key": f"plk_{n}"})
            assert (await world.get("/api/v1/deals", headers={"X-API-Key": key})).status_code == 200


class TestResolving:
    async def test_a_burst_asks_identity_once(self, world: World) -> None:
        headers = world.identity.person().headers
        responses = await asyncio.gather(*(world.get("/api/v1/deals", headers=headers) for _ in range(25)))
        assert {r.status_code for r in responses} == {200}
        assert world.identity.calls["authenticate"] == 1

    async def test_rights_are_asked_again_after_a_while(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:
            headers = world.identity.person().headers
            await world.get("/api/v1/deals", headers=headers)
            clock.advance(seconds=4)
            await world.get("/api/v1/deals", headers=headers)
            assert world.identity.calls["authenticate"] == 2

    async def test_a_clock_that_is_set_back_keeps_no_right_and_no_key(self) -> None:
        clock = ManualClock()
        async with make_world(clock=clock) as world:
            person = world.identity.person()
            token = world.identity.keys[0].sign(own_claims(person, iat=0, nbf=0))
            assert (await world.get("/api/v1/deals", headers=bearer(token))).status_code == 200
            clock.advance(hours=-1)
            assert (await world.get("/api/v1/deals", headers=bearer(token))).status_code == 200
            assert world.identity.calls == {"jwks": 2, "authenticate": 2}
            world.identity.keys[:] = [SigningKey("key-2")]
            clock.advance(minutes=-1)
            assert (await world.get("/api/v1/deals", headers=bearer(token))).status_code == 401

    @pytest.mark.parametrize("what", ["user_id", "session_id", "tenant_id"])
    async def test_what_is_forgotten_is_asked_again(self, world: World, what: str) -> None:
        person, other = world.identity.person(), world.identity.person()
        for who in (person, other):
            await world.get("/api/v1/deals", headers=who.headers)
        assert world.gateway.forget(**{what: getattr(person.actor, what)}) == 1
        for who in (person, other):
            await world.get("/api/v1/deals", headers=who.headers)
        assert world.identity.calls["authenticate"] == 3

    async def test_rights_that_a_write_may_have_changed_are_forgotten_before_its_answer_leaves(
        self, world: World
    ) -> None:
        person, remembered = world.identity.person(), []

        async def noting(scope: Any, receive: Any, send: Any) -> None:
            async def note(message: Any) -> None:
                remembered.append(world.gateway.forget(user_id=person.actor.user_id))
                await send(message)

            await world.gateway(scope, receive, note)

        await world.get("/api/v1/deals", headers=person.headers)
        transport = httpx.ASGITransport(noting)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            written = await client.post("/api/v1/tenants", headers=person.headers, json={})
        assert written.status_code == 200
        assert set(remembered) == {0}

    async def test_rights_are_remembered_over_a_read_of_identity(self, world: World) -> None:
        person = world.identity.person()
        await world.get("/api/v1/tenants", headers=person.headers)
        assert world.gateway.forget(user_id=person.actor.user_id) == 1

    async def test_guests_are_resolved_too(self, world: World) -> None:
        company = new_id()
        seen = (await world.get("/api/v1/products", headers={"X-Company-Id": str(company)})).json()
        assert seen["actor"] == {"kind": "guest", "tenant_id": str(company)}

    async def test_a_refusal_of_identity_is_passed_on(self, both: World) -> None:
        headers = {**both.identity.person().headers, "X-Company-Id": str(new_id())}
        response = await both.get("/api/v1/deals", headers=headers)
        assert response.status_code == 403
        problem = response.json()
        assert problem["type"] == "urn:pillars:problem:identity:tenant-forbidden"
        assert problem["request_id"] == response.headers["x-request-id"]
        assert problem["instance"] == "/api/v1/deals"

    @pytest.mark.parametrize("value", ["42", "not-a-uuid", "", "0198c0de00007000800000000000000"])
    async def test_a_malformed_company_is_refused(self, world: World, value: str) -> None:
        response = await world.get("/api/v1/deals", headers={"X-Company-Id": value})
        assert response.status_code == 422
        assert response.json()["errors"][0]["loc"] == ["header", "X-Company-Id"]

    async def test_a_tenants_host_is_told_but_not_the_platforms_own(self, world: World) -> None:
        await world.get("/api/v1/products", headers={"Host": "Shop.Example.com:443"})
        await world.get("/api/v1/products", headers={"Host": "testserver"})
        await world.get("/api/v1/products", headers={"Host": "127.0.0.1:8000"})
        assert [asked["host"] for asked in world.identity.asked] == ["shop.example.com", None]

    async def test_only_a_superusers_query_names_a_company(self, world: World) -> None:
        company = new_id()
        root = world.identity.person(is_superuser=True)
        seen = (await world.get(f"/api/v1/deals?company_id={company}", headers=root.headers)).json()
        assert seen["actor"]["tenant_id"] == str(company)
        person = world.identity.person()
        before = world.identity.calls["authenticate"]
        for _ in range(5):
            seen = (await world.get(f"/api/v1/contacts?company_id={new_id()}", headers=person.headers)).json()
            assert seen["actor"]["tenant_id"] == str(person.actor.tenant_id)
        assert world.identity.calls["authenticate"] == before + 1

    async def test_signing_in_works_with_an_old_token_at_hand(self, world: World) -> None:
        old = bearer(world.identity.person().token(exp=1_700_000_000))
        for path in ("/auth/login", "/auth/logout"):
            assert (await world.post(f"/api/v1{path}", headers=old)).status_code == 200
        assert (await world.get("/api/v1/users", headers=old)).status_code == 401

    async def test_a_change_at_identity_is_seen_by_the_next_request(self, world: World) -> None:
        person = world.identity.person()
        await world.get("/api/v1/deals", headers=person.headers)
        await world.post("/api/v1/users", headers=person.headers)
        world.identity.refusals[str(person.actor.user_id)] = (401, "session-revoked")
        response = await world.get("/api/v1/deals", headers=person.headers)
        assert (response.status_code, response.json()["slug"]) == (401, "session-revoked")

    async def test_without_identity_nobody_is_let_in(self) -> None:
        async with make_world() as world:
            world.gateway.upstreams._apps.pop("identity")
            response = await world.get("/api/v1/deals")
            assert response.status_code == 503
            assert "retry-after" in response.headers


class TestActivation:
    async def test_rights_in_a_business_that_waits_are_asked_for_each_time(self) -> None:
        async with make_world(actor_cache_seconds=60) as world:
            person = world.identity.person(tenant_status="pending")
            for _ in range(2):
                await world.get("/api/v1/deals", headers=person.headers)
            assert world.identity.calls["authenticate"] == 2

            world.identity.actors[str(person.actor.user_id)] = replace(person.actor, tenant_status="active")
            for _ in range(3):
                await world.get("/api/v1/deals", headers=person.headers)
            assert world.identity.calls["authenticate"] == 3
