"""Providers that a business adds."""

from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.audit import CHANGE_RECORDED

SECRET = "GOCSPX-1234567890"
OWN = {
    "code": "own",
    "name": "Own",
    "client_id": "shop",
    "client_secret": SECRET,
    "discovery_url": "https://id.example.com",
}


class TestOidcProviders(ResourceSuite):
    """What every resource passes."""

    path = "/oidc-providers"
    permission = "identity.oidc_providers"
    create: ClassVar[dict[str, Any]] = OWN
    changes: ClassVar[dict[str, Any]] = {"name": "Other", "is_active": False}
    invalid = (
        {"code": "UPPER"},
        {"code": "a b"},
        {"code": "-a"},
        {"code": "x" * 41},
        {"name": ""},
        {"kind": "apple"},
        {"client_id": ""},
        {"client_secret": ""},
        {"discovery_url": "http://id.example.com"},
        {"discovery_url": "https://127.0.0.1/"},
        {"discovery_url": "https://localhost/"},
        {"discovery_url": "https://169.254.169.254/latest"},
        {"discovery_url": "https://user:pw@id.example.com/"},
        {"discovery_url": "https://id.example.com/#x"},
        {"discovery_url": None},
        {"scopes": []},
        {"scopes": ["a b"]},
        {"directories": ["x"]},
    )

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        """One of them."""
        return {**OWN, "code": f"own-{n}"}

    async def replacement(self, client: Client) -> dict[str, Any]:
        """Its code stays."""
        items = (await client.get(self.path)).json()["items"]
        return {**OWN, "code": items[0]["code"]}


async def made(client: Client, **fields: Any) -> dict[str, Any]:
    """A provider."""
    answer = await client.post("/oidc-providers", json={**OWN, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_secret_is_sealed_and_never_shown(
    client: Client, context: ServiceContext, tenant_id: Any
) -> None:
    provider = await made(client)
    path = f"/oidc-providers/{provider['id']}"
    answers = [
        await client.get(path),
        await client.get("/oidc-providers"),
        await client.patch(path, json={"name": "x"}),
    ]
    assert provider["has_secret"]
    assert all(SECRET not in answer.text for answer in answers)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        stored = await uow.session.scalar(text("SELECT sealed_secret FROM identity.oidc_providers"))
    assert SECRET not in stored
    assert context.keyring.decrypt(stored, purpose=f"oidc_providers.secret:{provider['id']}") == SECRET
    changed = await client.patch(path, json={"client_secret": "another-one"})
    assert changed.json()["has_secret"]
    records = [str(e.data) for e in await emitted(context, tenant_id, CHANGE_RECORDED["identity"])]
    assert len(records) == 3
    assert not [r for r in records if SECRET in r or "another-one" in r or stored in r]


async def test_a_replacement_without_a_secret_keeps_it_and_null_takes_it_away(client: Client) -> None:
    provider = await made(client)
    path = f"/oidc-providers/{provider['id']}"
    kept = await client.put(path, json={k: v for k, v in OWN.items() if k != "client_secret"})
    assert kept.json()["has_secret"]
    assert not (await client.patch(path, json={"client_secret": None})).json()["has_secret"]
    public = await made(client, code="public", client_secret=None)
    assert not public["has_secret"]


async def test_a_secret_does_not_follow_to_another_address(client: Client) -> None:
    path = f"/oidc-providers/{(await made(client))['id']}"
    refused = await client.patch(path, json={"discovery_url": "https://elsewhere.example.com"})
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", "client_secret"])
    moved = await client.patch(
        path, json={"discovery_url": "https://elsewhere.example.com", "client_secret": "another-one"}
    )
    assert moved.json()["discovery_url"] == "https://elsewhere.example.com/.well-known/openid-configuration"


async def test_code_and_kind_stay(client: Client) -> None:
    path = f"/oidc-providers/{(await made(client))['id']}"
    for change in ({"code": "other"}, {"kind": "google"}):
        refused = await client.put(path, json={**OWN, **change})
        assert (refused.status_code, refused.json()["slug"]) == (409, "provider-fixed")
    taken = await client.post("/oidc-providers", json=OWN)
    assert (taken.status_code, taken.json()["slug"]) == (409, "already-exists")
    assert (await client.delete(path)).status_code == 204
    assert (await client.post("/oidc-providers", json=OWN)).status_code == 201


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"kind": "google"}, "https://accounts.google.com"),
        ({"kind": "microsoft"}, "https://login.microsoftonline.com/common/v2.0"),
        (
            {"kind": "microsoft", "directory": "karoo.example"},
            "https://login.microsoftonline.com/karoo.example/v2.0",
        ),
        ({}, "https://id.example.com"),
        ({"discovery_url": "https://id.example.com/realm/"}, "https://id.example.com/realm"),
        (
            {"discovery_url": "https://id.example.com/.well-known/openid-configuration"},
            "https://id.example.com",
        ),
    ],
)
async def test_the_kind_says_where_a_provider_is(
    client: Client, fields: dict[str, Any], address: str
) -> None:
    provider = await made(client, **fields)
    assert provider["discovery_url"] == f"{address}/.well-known/openid-configuration"
    assert provider["scopes"] == ["openid", "email", "profile"]


async def test_openid_is_always_asked_for(client: Client) -> None:
    assert (await made(client, scopes=["email", "email"]))["scopes"] == ["openid", "email"]


async def test_managers_do_not_decide_who_signs_in(
    context: ServiceContext, client: Client, platform: Any
) -> None:
    from services.identity.roles.catalogue import SYSTEM_ROLES

    held = {role.code: role.permissions for role in SYSTEM_ROLES}
    assert {code for code, names in held.items() if "identity.oidc_providers.*" in names} == {
        "owner",
        "admin",
    }
    tenant_id = client.actor.tenant_id if client.actor else None
    manager = client.acting(user(tenant_id, *held["manager"], roles=("manager",)))
    assert (await manager.get("/oidc-providers")).status_code == 403
    assert (await manager.post("/oidc-providers", json=OWN)).status_code == 403
