"""Devices over HTTP."""

from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client


async def test_a_device_is_registered_once(client: Client) -> None:
    token = f"ok-{new_id().hex}:APA91b_-"

    first = await client.post("/fcm/register", json={"token": token, "platform": "android"})
    again = await client.post("/fcm/register", json={"token": token})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["token"] == token
    assert again.json()["platform"] == "android"


async def test_a_token_moves_to_its_newest_user(
    client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    token = f"ok-{new_id().hex}"
    newest = client.acting(user(other_tenant_id))
    await client.post("/fcm/register", json={"token": token})

    assert (await newest.post("/fcm/register", json={"token": token})).status_code == 200

    assert (await client.delete(f"/fcm/register/{token}")).status_code == 404
    assert (await newest.delete(f"/fcm/register/{token}")).status_code == 204
    assert (await newest.delete(f"/fcm/register/{token}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": ""},
        {"token": "a b"},
        {"token": "a/b"},
        {"token": "a\x00"},
        {"token": "a" * 1001},
        {"token": None},
        {"token": "a", "platform": "fridge"},
        {"token": "a", "surprise": 1},
    ],
)
async def test_bad_devices_are_refused(client: Client, body: dict) -> None:
    assert (await client.post("/fcm/register", json=body)).status_code == 422


async def test_rights_are_demanded(client: Client, tenant_id: UUID) -> None:
    for method, path in (("POST", "/fcm/register"), ("DELETE", "/fcm/register/x")):
        body = {"token": "x"} if method == "POST" else None
        assert (await client.acting(None).request(method, path, json=body)).status_code == 401
        assert (await client.acting(guest(tenant_id)).request(method, path, json=body)).status_code == 401
        someone = client.acting(user(tenant_id, "notifications.inbox.read"))
        refused = await someone.request(method, path, json=body)
        assert refused.json()["required_permission"] == "notifications.devices.write"
        machine = client.acting(user(tenant_id, user_id=None))
        assert (await machine.request(method, path, json=body)).status_code == 403
