"""Passkeys all the way: browser, gateway, identity, and what a session opens then."""

from typing import Any

import httpx

from deploy.e2e.conftest import Shop, Suite
from libs.common.testing.authenticator import Authenticator


async def test_a_passkey_signs_in_through_the_gateway(suite: Suite, shop: Shop) -> None:
    device = Authenticator(suite.url)

    async def call(client: httpx.AsyncClient, path: str, status: int = 200, **options: Any) -> Any:
        answer = await client.post(f"/auth/passkeys/{path}", **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async with suite.client(**shop.owner) as owner:
        me = (await owner.get("/auth/me")).json()
        options = await call(owner, "register/options")
        await call(owner, "register/verify", 201, json={"credential": device.create(options)})
    async with suite.client() as anyone:
        # By which host one came the gateway says, and nobody else.
        spoofed = await call(anyone, "login/options", headers={"X-Forwarded-Host": "evil.example"})
        assert spoofed["rpId"] == "localhost"
        # An old token does not stand in the way of a new session.
        old = {"Authorization": "Bearer eyJ.eyJ.x"}
        tokens = await call(anyone, "login/verify", json={"credential": device.get(spoofed)}, headers=old)
    async with suite.client(Authorization=f"Bearer {tokens['access']}") as again:
        assert (await again.get("/auth/me")).json()["id"] == me["id"]
