"""What the gateway is told of a credential."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from libs.common.actor import OPERATOR_TENANT_ID, ActorKind
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD


@contextmanager
def statements(context: ServiceContext) -> Iterator[list[str]]:
    """The SQL that is run within the block, but for the scope of the transaction."""
    seen: list[str] = []

    def note(_: Any, __: Any, sql: str, *___: Any) -> None:
        if "set_config" not in sql:
            seen.append(sql)

    event.listen(context.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(context.engine.sync_engine, "before_cursor_execute", note)


async def add_domain(platform: Any, owner: Any) -> str:
    """A host name of a business."""
    return str(await platform.host(owner))


async def test_an_owner_acts_in_the_own_business(platform: Any) -> None:
    owner = await platform.register()

    actor = await platform.actor((await platform.login(owner.email))["access"])

    assert (actor.kind, actor.user_id) == (ActorKind.USER, owner.user_id)
    assert (actor.tenant_id, actor.tenant_via, actor.tenant_status) == (owner.company_id, "home", "pending")
    assert (actor.home_tenant_id, actor.roles, actor.is_superuser) == (owner.company_id, ("owner",), False)
    assert actor.email == owner.email
    assert actor.name == "Thandi Nkosi"
    assert len(actor.features) == 8
    assert actor.may("catalog.products.write")
    for beyond in ("identity.tenants.read", "identity.registrations.read", "gateway.bus.read", "*"):
        assert not actor.may(beyond)


async def test_it_costs_one_query(context: ServiceContext, platform: Any) -> None:
    owner, shop = await platform.business(), await platform.business()
    access = (await platform.login(owner.email))["access"]
    host = await add_domain(platform, owner)

    with statements(context) as user_sql:
        await platform.actor(access, host=host, company_id=str(owner.company_id))
    with statements(context) as guest_sql:
        await platform.actor(None, company_id=str(shop.company_id))

    assert (len(user_sql), len(guest_sql)) == (1, 1)


async def test_the_header_names_a_business_one_belongs_to(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    access = (await platform.login(owner.email))["access"]

    actor = await platform.actor(access, company_id=str(owner.company_id))
    assert (actor.tenant_id, actor.tenant_via) == (owner.company_id, "header")
    for strange in (str(other.company_id), str(new_id()), str(OPERATOR_TENANT_ID), "not a uuid"):
        refused = await platform.authenticate(access, company_id=strange)
        assert (refused.status_code, refused.json()["slug"]) == (403, "tenant-forbidden")


async def test_the_host_name_comes_before_the_header(platform: Any) -> None:
    owner, shop = await platform.business(), await platform.business()
    host = await add_domain(platform, shop)
    access = (await platform.login(owner.email))["access"]

    actor = await platform.actor(access, host=host.upper(), company_id=str(owner.company_id))

    assert (actor.tenant_id, actor.tenant_via) == (shop.company_id, "host")
    # In a shop one does not belong to, one is a guest with a name.
    assert actor.roles == ("guest",)
    assert actor.may("catalog.products.read")
    assert not actor.may("catalog.products.write")


async def test_an_unknown_host_names_nothing(platform: Any) -> None:
    owner = await platform.business()
    access = (await platform.login(owner.email))["access"]

    actor = await platform.actor(access, host="nobody.example")

    assert (actor.tenant_id, actor.tenant_via) == (owner.company_id, "home")
    assert (await platform.actor(None, host="nobody.example")).tenant_id is None


async def test_the_query_names_a_business_for_superusers_only(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    admin = (await platform.login(DEMO_EMAIL, DEMO_PASSWORD))["access"]
    access = (await platform.login(owner.email))["access"]

    ours = await platform.actor(access, query_company_id=str(other.company_id))
    theirs = await platform.actor(admin, query_company_id=str(other.company_id))
    unknown = await platform.actor(admin, query_company_id=str(new_id()))

    assert ours.tenant_id == owner.company_id
    assert (theirs.tenant_id, theirs.tenant_via, theirs.is_superuser) == (other.company_id, "query", True)
    assert unknown.tenant_id == OPERATOR_TENANT_ID


async def test_the_demo_admin_is_superuser_and_staff(platform: Any) -> None:
    actor = await platform.actor((await platform.login(DEMO_EMAIL, DEMO_PASSWORD))["access"])

    assert (actor.tenant_id, actor.tenant_via) == (OPERATOR_TENANT_ID, "home")
    assert actor.roles == ("staff-admin", "superadmin")
    assert actor.is_superuser


async def test_guests_look_at_active_shops_only(platform: Any) -> None:
    shop, pending = await platform.business(), await platform.register()
    host = await add_domain(platform, shop)

    for where in ({"company_id": str(shop.company_id)}, {"host": host}):
        actor = await platform.actor(None, **where)
        assert (actor.kind, actor.tenant_id, actor.roles) == (ActorKind.GUEST, shop.company_id, ("guest",))
        assert (actor.tenant_status, actor.may("orders.carts.write")) == ("active", True)
        assert not actor.may("orders.orders.read")
    for company_id in (str(pending.company_id), str(new_id()), "junk"):
        refused = await platform.authenticate(None, company_id=company_id)
        assert (refused.status_code, refused.json()["slug"]) == (403, "tenant-forbidden")
    nowhere = await platform.actor(None)
    assert (nowhere.tenant_id, nowhere.permissions) == (None, frozenset())


async def test_what_is_no_live_session_is_nobody(platform: Any) -> None:
    owner = await platform.register()
    actor = await platform.actor((await platform.login(owner.email))["access"])
    other = await platform.register()

    for credential in (
        {"kind": "user", "user_id": str(owner.user_id), "session_id": None},
        {"kind": "user", "user_id": str(owner.user_id), "session_id": str(new_id())},
        {"kind": "user", "user_id": str(other.user_id), "session_id": str(actor.session_id)},
        {"kind": "token", "token": "anything"},
    ):
        refused = await platform.authenticate(None, credential=credential)
        assert (refused.status_code, refused.json()["slug"]) == (401, "unauthenticated")


async def test_a_role_of_ones_own_counts_in_its_business_only(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    await boss.post(
        "/roles", json={"code": "picker", "name": "Picker", "permissions": ["orders.orders.read"]}
    )
    await rival.post(
        "/roles", json={"code": "picker", "name": "Picker", "permissions": ["payments.refunds.write"]}
    )
    email = platform.email()
    await boss.post(
        "/users",
        json={
            "email": email,
            "password": owner.password,
            "first_name": "P",
            "last_name": "Q",
            "roles": ["picker"],
        },
    )

    actor = await platform.actor((await platform.login(email))["access"])

    assert (actor.roles, actor.permissions) == (("picker",), {"orders.orders.read"})


async def test_only_services_may_ask(platform: Any, client: Client) -> None:
    body = {"credential": None}

    assert (await client.post("/internal/authenticate", json=body)).status_code == 403
    assert (await platform.anyone.post("/internal/authenticate", json=body)).status_code in (401, 403)


async def test_a_used_session_is_seen_once_a_minute(later: Any, platform: Any, future: Any) -> None:

    owner = await platform.register()
    access = (await future.login(owner.email))["access"]
    later.clock.advance(seconds=90)

    with statements(later) as first:
        await future.actor(access)
    with statements(later) as second:
        await future.actor(access)

    assert (len(first), len(second)) == (2, 1)
    assert "UPDATE identity.sessions" in first[1]
