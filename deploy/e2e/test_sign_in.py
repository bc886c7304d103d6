"""Signing in as people do it: through the gateway, with the mails that come and an authenticator app."""

import time

import httpx
import psycopg
import pyotp

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.mails import mailed_token
from libs.common.testing.eventually import eventually

NEW = "A-wholly-new-9-one"


async def login(client: httpx.AsyncClient, **body: str) -> httpx.Response:
    """Try to sign in."""
    return await client.post("/auth/login", json=body)


async def test_a_forgotten_password_is_set_anew_by_mail_and_the_token_is_in_the_mail_alone(
    suite: Suite, shop: Shop
) -> None:
    email = f"owner-{shop.story.run}@example.com"
    async with suite.client() as client, suite.client(**shop.owner) as owner:
        assert (await client.post("/auth/password/forgot", json={"email": email})).status_code == 202
        token = await mailed_token(suite, shop, email, "new password")
        with psycopg.connect(suite.settings.database_url) as connection:
            tables = connection.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for (table,) in tables:
                lying = connection.execute(
                    f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{token}%'"
                ).fetchone()
                assert lying == (1 if table == "notifications.mailbox_messages" else 0,), table
        body = {"token": token, "new_password": NEW}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 204
        assert (await login(client, email=email, password=NEW)).status_code == 200
        assert (await client.post("/auth/password/reset", json=body)).json()["slug"] == "link-invalid"

        async def has_ended() -> bool:
            return (await owner.get("/auth/me")).status_code == 401

        await eventually(has_ended, 5)


async def test_an_address_is_verified_and_a_magic_link_signs_in(suite: Suite, shop: Shop) -> None:
    email = f"owner-{shop.story.run}@example.com"
    verification = await mailed_token(suite, shop, email, "Confirm")
    async with suite.client() as client, suite.client(**shop.owner) as owner:
        assert (await owner.get("/auth/me")).json()["email_verified"] is False
        assert (await client.post("/auth/email/verify", json={"token": verification})).status_code == 200
        assert (await owner.get("/auth/me")).json()["email_verified"] is True
        assert (await client.post("/auth/magic-link", json={"email": email})).status_code == 202
        token = await mailed_token(suite, shop, email, "sign in")
        done = await client.post("/auth/magic-link/redeem", json={"token": token})
        assert done.status_code == 200, done.text
        headers = {"Authorization": f"Bearer {done.json()['access']}"}
        assert (await client.get("/deals", headers=headers)).status_code == 200


async def test_a_business_asks_for_a_second_factor_and_gets_it(suite: Suite, shop: Shop) -> None:
    email, password = f"owner-{shop.story.run}@example.com", f"Sunrise-{shop.story.run}-9"
    policy = f"/tenants/{shop.company}/sign-in-policy"
    async with suite.client(**shop.owner) as owner, suite.client() as client:
        assert (await owner.put(policy, json={"second_factor_required": True})).status_code == 200

        async def is_held_back() -> bool:
            refused = await owner.get("/deals")
            return refused.status_code == 403 and refused.json()["slug"] == "second-factor-required"

        await eventually(is_held_back, 5)
        enrolled = (await owner.post("/auth/mfa/totp")).json()
        app = pyotp.TOTP(enrolled["secret"])
        now = time.time()
        confirmed = await owner.post("/auth/mfa/totp/confirm", json={"code": app.at(int(now))})
        assert confirmed.status_code == 200, confirmed.text
        # It counts at once, whatever the gateway remembers.
        assert (await owner.get("/deals")).status_code == 200
        assert (await login(client, email=email, password=password)).json()["slug"] == "otp-required"
        # The next code is taken early, so that the test need not wait for its time.
        done = await login(client, email=email, password=password, otp=app.at(int(now) + 30))
        assert done.status_code == 200, done.text
        headers = {"Authorization": f"Bearer {done.json()['access']}"}
        assert (await client.get("/deals", headers=headers)).status_code == 200
