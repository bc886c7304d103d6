"""Whatever holds permissions holds those that there are."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.contracts.features import FEATURES
from libs.contracts.gateway import GATEWAY_PERMISSIONS
from services.identity.tests.outsiders import PASSWORD, Platform, signed_in_now

FINE = ["*", "identity.*", "identity.roles.*", "identity.roles.read", "gateway.bus.read", "gateway.*"]
# Of services that cannot be asked here nothing is said.
WRONG = ["gateway.bus.fly", "gateway.buses.*", "identity.role.read", "identity.roles", "nowhere.*"]


def is_refused(response: Any) -> None:
    """Every one that there is not is named."""
    assert (response.status_code, response.json()["slug"]) == (422, "unknown-permission"), response.text
    assert response.json()["permissions"] == sorted(WRONG)


async def test_scopes_of_keys_are_permissions_that_there_are(context: ServiceContext, tenant_id: Any) -> None:
    boss = Client(context, await signed_in_now(context, user(tenant_id, features=FEATURES)))
    body = {"name": "Till", "scopes": FINE}

    made = await boss.post("/api-keys", json=body)

    assert made.status_code == 201, made.text
    path = f"/api-keys/{made.json()['id']}"
    wrong = {**body, "scopes": [*FINE, *WRONG]}
    is_refused(await boss.post("/api-keys", json=wrong))
    is_refused(await boss.put(path, json=wrong))
    is_refused(await boss.patch(path, json={"scopes": WRONG}))
    assert (await boss.get(path)).json()["scopes"] == sorted(FINE)


async def test_scopes_of_personal_tokens_are_too(platform: Any) -> None:
    owner = await platform.business()
    body = {"username": owner.email, "password": PASSWORD, "name": "Laptop"}

    is_refused(await platform.post("/auth/token", {**body, "scopes": [*FINE, *WRONG]}))
    # Whether the password is right is not said then.
    is_refused(await platform.post("/auth/token", {**body, "scopes": WRONG, "password": "wrong"}))
    made = await platform.post("/auth/token", {**body, "scopes": ["identity.roles.*"]})
    assert made.status_code == 200, made.text


@pytest.mark.parametrize("scopes", [FINE[1:4], WRONG])
async def test_grants_to_staff_open_permissions_that_there_are(platform: Platform, scopes: list[str]) -> None:
    chief = Client(platform.context, user(OPERATOR_TENANT_ID))
    boss = Client(platform.context, user((await platform.business()).company_id))
    person = {"email": platform.email(), "password": PASSWORD, "first_name": "S", "last_name": "T"}
    assert (await chief.post("/users", json={**person, "roles": ["staff"]})).status_code == 201
    end = platform.context.clock.now() + timedelta(hours=1)

    answer = await boss.post(
        f"/tenants/{boss.actor and boss.actor.tenant_id}/staff-grants",
        json={
            "email": person["email"],
            "reason": "Ticket 4711",
            "expires_at": end.isoformat(),
            "permissions": scopes,
        },
    )

    if scopes == WRONG:
        is_refused(answer)
    else:
        assert answer.status_code == 201, answer.text


async def test_those_of_the_gateway_are_listed(client: Client) -> None:
    listed = {one["code"]: one for one in (await client.get("/permissions")).json()["items"]}

    assert GATEWAY_PERMISSIONS.keys() <= listed.keys()
    assert listed["gateway.bus.write"]["service"] == "gateway"
    assert listed["gateway.bus.write"]["description"] == GATEWAY_PERMISSIONS["gateway.bus.write"]
