"""The platform scope: which routes begin in it, and that it ends with the transaction."""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from deploy.e2e.conftest import Suite
from deploy.e2e.test_routes import calls, routes
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import open_platform_uow
from libs.common.ids import new_id
from libs.common.runtime.app import requirement_of
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import NAMES, load

# Routes that see the rows of all businesses, by the beginning of their paths, each with the reason. There the code's
# own check is the only floor, so a route belongs here only if it cannot do without.
PLATFORM = {
    "identity /.well-known/jwks.json": "public keys of the platform",
    "identity /signing-keys": "the same keys, which are no business's",
    "identity /registrations": "staff review those of all businesses; others reach their own",
    "identity /auth/": "sessions and accounts belong to a person, not to a business",
    "identity /tenants": "staff reach all; others the one they act in, and its scope is entered next",
    "identity /plans": "plans are the platform's own, and the same for all",
    "identity /features": "as plans are",
    "identity /subscription": "the plan is the platform's; the subscription is found by the business acted in",
    "identity /usage": "the plan is the platform's; then the scope of the business acted in is entered",
    "payments /payments/webhooks/": "the account in the path says whose it is, once the signature holds",
    "payments /sandbox/pay/": "the provider's page: the code in the path says whose it is",
}
# Modules that set the scope, each with the reason.
SETTERS = {
    "libs/common/db/tenancy.py": "the unit of work",
    "libs/common/runtime/backup.py": "the administrator's copy of all rows",
    "services/payments/migrations/versions/0002_guard_what_is_final.py": "for one function alone, see test_tables",
    "services/catalog/migrations/versions/0009_tell_codes_of_suppliers_apart_in_any_case.py": "codes of every business",
}
_SETS = re.compile(
    r"set_config\(\s*['\"]app\.\w+['\"],(?:[^()]|%\(\w+\)s)*?(\w+)\)|SET\s+(?:SESSION\s+|(LOCAL)\s+)?app\."
)


def in_platform_scope() -> Iterator[tuple[str, APIRoute]]:
    """The routes that begin in the platform scope."""
    for name in NAMES:
        for route in routes(load(name)):
            if open_platform_uow in set(calls(route.dependant)):
                yield name, route


def test_every_route_over_all_businesses_is_known_with_a_reason() -> None:
    found = set()
    for name, route in in_platform_scope():
        need = requirement_of(route)
        if need is not None and need.is_internal:
            continue
        reasons = {key for key in PLATFORM if f"{name} {route.path}".startswith(key)}
        assert reasons, f"{name} {route.path} sees all businesses: give it a tenant's scope, or a reason"
        found |= reasons
    assert found == set(PLATFORM)


def test_the_scope_is_set_in_known_places_and_for_the_transaction_only() -> None:
    root = Path(__file__).parents[3]
    found = set()
    for folder in ("libs", "services", "gateway"):
        for path in (root / folder).rglob("*.py"):
            if {"tests", "testing"} & set(path.parts):
                continue
            for match in _SETS.finditer(path.read_text()):
                name = str(path.relative_to(root))
                is_migration = "versions" in path.parts
                assert match[1] == "true" or match[2] or is_migration, (
                    f"{path} sets the scope for longer: {match[0]}"
                )
                found.add(name)
    assert found == set(SETTERS)


_SCOPE = text(
    "SELECT current_setting('app.tenant_id', true) AS tenant, current_setting('app.scope', true) AS scope,"
    " pg_backend_pid() AS backend"
)
_DIRECT = Direct(_SCOPE)


async def _by_session(uow: UnitOfWork) -> Any:
    return (await uow.session.execute(_SCOPE)).one()


async def _on_the_driver(uow: UnitOfWork) -> Any:
    return await _DIRECT.first(uow)


async def _at_once(uow: UnitOfWork) -> Any:
    return (await _DIRECT.all_at_once(uow))[0]


async def _entered(uow: UnitOfWork) -> Any:
    await _DIRECT.first(uow)
    await uow.enter_tenant(new_id())
    await uow.enter_platform()
    return await _DIRECT.first(uow)


@pytest.mark.parametrize("read", [_by_session, _on_the_driver, _at_once, _entered])
async def test_the_scope_ends_with_the_transaction(
    suite: Suite, read: Callable[[UnitOfWork], Awaitable[Any]]
) -> None:
    context = ServiceContext(load("crm"), suite.settings)
    try:
        async with context.unit_of_work(tenant_id=new_id(), platform=True) as uow:
            tenant, scope, backend = await read(uow)
        async with context.engine.connect() as connection:
            left = (await connection.execute(_SCOPE)).one()
    finally:
        await context.close()
    assert tenant
    assert scope == "platform"
    assert (left.tenant or "", left.scope or "", left.backend) == ("", "", backend)
