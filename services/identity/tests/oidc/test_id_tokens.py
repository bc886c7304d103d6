"""What a provider's token must say, and how it must be signed, to sign somebody in."""

from typing import Any

import pytest

from services.identity.tests.oidc.conftest import DIRECTORY, problem

SPOILT: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "an issuer that begins like it": {"iss": "https://accounts.google.com.evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another-client"},
    # The trap: a library that looks at azp alone lets this in.
    "another audience with our azp": {"aud": "another-client", "azp": "our-client"},
    "several audiences without azp": {"aud": ["our-client", "another-client"]},
    "several audiences with another azp": {"aud": ["our-client", "another-client"], "azp": "another-client"},
    "another azp": {"azp": "another-client"},
    "no audience": {"aud": None},
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 7},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
    "a subject that is too long": {"sub": "x" * 256},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "no beginning": {"iat": None},
    "a beginning that is a truth": {"iat": True},
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_token_that_does_not_hold_signs_nobody_in(world: Any, how: str) -> None:
    shop = world.shop
    world.google.says = SPOILT[how]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")
    # What was looked at for this one does not decide for the next, nor the other way round.
    world.google.says = {}
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    world.google.says = SPOILT[how]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


@pytest.mark.parametrize(
    ("claim", "seconds", "holds"),
    [
        ("exp", -59, True),
        ("exp", -61, False),
        ("iat", 59, True),
        ("iat", 61, False),
        ("iat", -3700, False),
        ("nbf", 59, True),
        ("nbf", 61, False),
    ],
)
async def test_clocks_may_differ_by_a_minute(world: Any, claim: str, seconds: int, holds: bool) -> None:
    shop = world.shop
    world.google.says = {claim: int(world.clock.now().timestamp()) + seconds}
    answer = await world.sign_in(company_id=shop.company_id)
    assert answer.status_code == (200 if holds else 401), answer.text


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": None},
        {"alg": "none", "kid": None},
        {"kid": "key-2"},
        {"kid": 7},
        {"jwk": {"kty": "RSA"}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/certificate"},
        {"crit": ["b64"], "b64": False},
    ],
)
async def test_a_token_that_is_signed_in_another_way_signs_nobody_in(
    world: Any, header: dict[str, Any]
) -> None:
    shop = world.shop
    provider = world.google
    provider.header = header
    if header.get("alg", "x") is None:
        # The simulator signs by its header.
        provider._sign = lambda signed, algorithm="RS256": b""  # type: ignore[method-assign]
        provider.id_token = lambda nonce: "e30.e30.x"  # type: ignore[method-assign]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


async def test_a_token_signed_with_a_key_that_is_not_the_providers_signs_nobody_in(world: Any) -> None:
    shop = world.shop
    world.google.signs_with, world.google.header = 2, {"kid": "key-1"}
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


async def test_a_new_key_of_the_provider_is_fetched_when_it_signs(world: Any) -> None:
    shop = world.shop
    google = world.google
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    google.signs_with, google.publishes = 2, [1, 2]

    assert (await world.sign_in()).status_code == 200
    assert (await world.sign_in()).status_code == 200
    assert (google.calls["jwks"], google.calls["discovery"]) == (2, 1)
    google.signs_with = 1
    assert (await world.sign_in()).status_code == 200
    assert google.calls["jwks"] == 2
    # Another one under the id of the one before.
    google.signs_with, google.publishes, google.names = 3, [3], {3: "key-1"}
    assert (await world.sign_in()).status_code == 200
    assert google.calls["jwks"] == 3


@pytest.mark.parametrize(
    "says",
    [
        {"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"},
        {
            "tid": "9188040d-6c67-4c5b-b112-36a304b66dad",
            "iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        },
        {"iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"iss": "https://login.microsoftonline.com/common/v2.0", "tid": "common"},
        {"tid": None},
        {"tid": DIRECTORY.upper(), "iss": f"https://login.microsoftonline.com/{DIRECTORY.upper()}/v2.0"},
        {"tid": f"{DIRECTORY}/v2.0/../x"},
        {"tid": ["x"]},
    ],
)
async def test_people_of_other_directories_of_microsoft_stay_out(world: Any, says: dict[str, Any]) -> None:
    shop = world.shop
    assert (await world.sign_in("microsoft", company_id=shop.company_id)).status_code == 200
    world.microsoft.says |= says
    # Twice: a list of what to check that one sign-in has eaten up lets the next one in.
    for _ in range(2):
        answer = await world.sign_in("microsoft", company_id=shop.company_id)
        assert problem(answer) == (401, "id-token-refused")


async def test_googles_older_issuer_is_the_same(world: Any) -> None:
    shop = world.shop
    first = await world.sign_in(company_id=shop.company_id)
    world.google.says = {"iss": "accounts.google.com"}
    assert (await world.sign_in()).json()["user"]["id"] == first.json()["user"]["id"]
    world.acme.says = {"iss": "accounts.google.com"}
    assert problem(await world.sign_in("acme")) == (401, "id-token-refused")
