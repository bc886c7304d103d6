"""Signing in over HTTP."""

from typing import Any

from jose import jwt

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.round_trips import round_trips


async def test_login_answers_tokens_and_the_account(platform: Any) -> None:
    owner = await platform.register()

    tokens = await platform.login(owner.email)

    assert set(tokens) == {"access", "refresh", "token_type", "expires_in", "user"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert tokens["user"]["id"] == str(owner.user_id)
    assert tokens["user"]["email"] == owner.email
    assert tokens["user"]["home_company_id"] == str(owner.company_id)
    assert "password" not in str(tokens["user"])


async def test_the_access_token_is_signed_by_a_published_key(platform: Any) -> None:
    owner = await platform.register()
    tokens = await platform.login(owner.email)

    keys = (await platform.anyone.get("/.well-known/jwks.json")).json()
    header = jwt.get_unverified_header(tokens["access"])
    claims = jwt.decode(tokens["access"], keys, algorithms=["RS256"], audience="pillars", issuer="pillars")

    assert header["alg"] == "RS256"
    assert header["kid"] in [key["kid"] for key in keys["keys"]]
    assert claims["sub"] == str(owner.user_id)
    assert claims["exp"] - claims["iat"] == 900
    assert {"sid", "jti"} <= set(claims)


async def test_the_name_is_taken_in_any_case_and_under_either_field(platform: Any) -> None:
    owner = await platform.register()

    for body in ({"email": owner.email.upper()}, {"username": f" {owner.email} "}):
        response = await platform.post("/auth/login", {**body, "password": owner.password})
        assert response.status_code == 200


async def test_unknown_accounts_and_wrong_passwords_are_answered_alike(platform: Any) -> None:
    owner = await platform.register()

    known = await platform.post("/auth/login", {"email": owner.email, "password": "not this one"})
    unknown = await platform.post("/auth/login", {"email": platform.email(), "password": "not this one"})

    def told(response: Any) -> Any:
        return (
            response.status_code,
            {**response.json(), "request_id": None},
            response.headers["www-authenticate"],
        )

    assert told(known) == told(unknown)
    assert (known.status_code, known.json()["slug"]) == (401, "invalid-credentials")


async def test_an_account_that_is_switched_off_cannot_sign_in(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    email = platform.email()
    made = await boss.post(
        "/users",
        json={
            "email": email,
            "password": owner.password,
            "first_name": "A",
            "last_name": "B",
            "roles": ["editor"],
        },
    )
    access = (await platform.login(email))["access"]

    await boss.patch(f"/users/{made.json()['id']}", json={"is_active": False})

    refused = await platform.post("/auth/login", {"email": email, "password": owner.password})
    assert (refused.status_code, refused.json()["slug"]) == (401, "invalid-credentials")
    assert (await platform.authenticate(access)).status_code == 401


async def test_spaces_belong_to_a_password(platform: Any) -> None:
    password = "  spaces around it  "
    owner = await platform.register(password=password)

    assert (await platform.login(owner.email, password))["access"]
    refused = await platform.post("/auth/login", {"email": owner.email, "password": password.strip()})
    assert refused.status_code == 401


async def test_bad_bodies_are_refused_without_repeating_the_password(platform: Any) -> None:
    secret = "do not repeat this"
    for body in (
        {},
        {"password": secret},
        {"email": "a@example.com"},
        {"email": "a@example.com", "username": "b", "password": secret},
        {"email": "a@example.com", "password": secret, "surprise": 1},
        {"email": "a@example.com", "password": ""},
        {"email": "a@example.com", "password": "x" * 257},
        {"email": 5, "password": secret},
    ):
        response = await platform.post("/auth/login", body)
        assert response.status_code == 422, body
        assert secret not in response.text


async def test_signing_in_is_written_down(context: ServiceContext, platform: Any) -> None:
    from libs.common.testing.events import emitted
    from libs.contracts.audit import CHANGE_RECORDED

    owner = await platform.register()
    await platform.login(owner.email)

    records = await emitted(context, owner.company_id, CHANGE_RECORDED["identity"])
    signed_in = [e for e in records if e.data["action"] == "signed_in"]
    assert [e.actor for e in signed_in] == [f"user:{owner.user_id}"]


async def test_services_are_reached_through_the_gateway_only(context: ServiceContext) -> None:
    response = await Client(context, None).post(
        "/auth/login", json={"email": "a@example.com", "password": "x"}
    )

    assert response.status_code == 401


async def test_a_sign_in_asks_the_database_ten_times_and_no_more(
    context: ServiceContext, platform: Any
) -> None:
    owner = await platform.register()
    await platform.login(owner.email)

    with round_trips(context.engine) as trips:
        await platform.login(owner.email)

    # The counters twice, once before the password is looked at, and each time read and written; the account; the second
    # factor; the account locked, how long it may idle, the session written; the key that signs.
    assert len(trips.statements) == 10, trips.statements


async def test_a_refresh_asks_the_database_five_times_and_no_more(
    context: ServiceContext, platform: Any
) -> None:
    owner = await platform.register()
    tokens = await platform.login(owner.email)

    with round_trips(context.engine) as trips:
        response = await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})

    assert response.status_code == 200
    # The token; its session locked; the account; what changed; the key that signs.
    assert len(trips.statements) == 5, trips.statements
