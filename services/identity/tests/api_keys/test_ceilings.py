"""How many there may be at most holds for several who add one at the same time."""

import asyncio
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.eventually import eventually
from libs.common.testing.locks import is_waited_for
from libs.contracts.features import FEATURES
from services.identity.api_keys.schemas import ApiKeyCreate
from services.identity.api_keys.service import _MOST_KEYS, ApiKeyService
from services.identity.oidc_providers.schemas import OidcProviderCreate
from services.identity.oidc_providers.service import MOST as MOST_PROVIDERS
from services.identity.oidc_providers.service import OidcProviderService
from services.identity.tests.outsiders import signed_in_now


async def _fill(context: ServiceContext, tenant_id: Any, table: str, columns: str, most: int) -> None:
    """Copy the one row that there is, until one more fits."""
    names = columns.split()
    chosen = ", ".join("code || n" if name == "code" else name for name in names)
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            text(
                f"INSERT INTO identity.{table} (tenant_id, id, {', '.join(names)}) "
                f"SELECT tenant_id, gen_random_uuid(), {chosen} "
                f"FROM identity.{table}, generate_series(1, {most - 2}) AS n WHERE tenant_id = :tenant_id"
            ),
            {"tenant_id": tenant_id},
        )


async def _race(client: Client, path: str, body: dict[str, Any], make: Any, first: BaseModel) -> Any:
    """Ask for another while one, which takes the last place, is not committed yet."""
    assert client.actor is not None
    async with client.context.unit_of_work(client.actor) as uow:
        await make(uow, first)
        await uow.flush()
        other = asyncio.create_task(client.post(path, json=body))

        async def has_decided() -> bool:
            return other.done() or await is_waited_for(uow)

        await eventually(has_decided)
    return await other


async def test_of_two_keys_at_once_one_takes_the_last_place(context: ServiceContext, tenant_id: Any) -> None:
    boss = Client(context, await signed_in_now(context, user(tenant_id, features=FEATURES)))
    body = {"name": "Till", "scopes": ["catalog.products.read"]}
    assert (await boss.post("/api-keys", json=body)).status_code == 201
    await _fill(context, tenant_id, "api_keys", "name prefix token_hash scopes", _MOST_KEYS)

    refused = await _race(
        boss, "/api-keys", body, lambda uow, first: ApiKeyService(uow).make(first), ApiKeyCreate(**body)
    )

    assert (refused.status_code, refused.json()["slug"]) == (409, "too-many-keys")


async def test_of_two_providers_at_once_one_takes_the_last_place(
    client: Client, context: ServiceContext, tenant_id: Any
) -> None:
    body = {"code": "own", "name": "Own", "client_id": "shop", "discovery_url": "https://id.example.com"}
    assert (await client.post("/oidc-providers", json=body)).status_code == 201
    columns = "code name kind discovery_url client_id scopes directories is_active"
    await _fill(context, tenant_id, "oidc_providers", columns, MOST_PROVIDERS)

    refused = await _race(
        client,
        "/oidc-providers",
        {**body, "code": "late"},
        lambda uow, first: OidcProviderService(uow).create(first),
        OidcProviderCreate(**{**body, "code": "early"}),
    )

    assert (refused.status_code, refused.json()["slug"]) == (409, "too-many-providers")
