"""The audit log: written from events, read over HTTP, never rewritten."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.audit import change_recorded
from libs.contracts.crm import LeadCreated

HANDLER = "identity.record_audit"


async def record(context: ServiceContext, tenant_id: UUID, action: str = "updated", **changes: Any) -> Any:
    """Something another service did."""
    event = change_recorded(
        "crm", action, "deal", changes.pop("deal_id", new_id()), {"name": "a"}, {"name": "b"}
    )
    sent = envelope(event, tenant_id, source="crm", **changes)
    await deliver(context, sent, handler=HANDLER)
    return sent


async def test_a_change_is_written_down_with_who_what_and_before_and_after(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    person, deal_id = new_id(), new_id()

    sent = await record(
        context, tenant_id, deal_id=deal_id, actor=f"user:{person}", correlation_id="request-1"
    )

    (entry,) = (await client.get("/audit-log")).json()["items"]
    assert (entry["actor"], entry["actor_id"]) == (f"user:{person}", str(person))
    assert (entry["service"], entry["action"], entry["resource"], entry["resource_id"]) == (
        "crm",
        "updated",
        "deal",
        str(deal_id),
    )
    assert (entry["before"], entry["after"]) == ({"name": "a"}, {"name": "b"})
    assert (entry["request_id"], entry["event_id"], entry["tenant_id"]) == (
        "request-1",
        str(sent.id),
        str(tenant_id),
    )
    assert datetime.fromisoformat(entry["time"]) == sent.time
    assert (await client.get(f"/audit-log/{entry['id']}")).json() == entry


async def test_other_facts_are_written_by_their_names(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    lead_id = new_id()

    await deliver(
        context, envelope(LeadCreated(lead_id=lead_id, name="x"), tenant_id, source="crm"), handler=HANDLER
    )

    (entry,) = (await client.get("/audit-log")).json()["items"]
    assert (entry["action"], entry["resource"], entry["resource_id"]) == (
        "crm.lead_created.v1",
        "lead",
        str(lead_id),
    )


async def test_a_repeated_event_is_one_entry(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    sent = await record(context, tenant_id)
    await deliver(context, sent, handler=HANDLER)

    assert len((await client.get("/audit-log")).json()["items"]) == 1


async def test_entries_are_filtered_searched_and_paged(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    person, deal_id = new_id(), new_id()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for n, action in enumerate(("created", "updated", "deleted")):
        await record(
            context,
            tenant_id,
            action,
            deal_id=deal_id if n == 1 else new_id(),
            actor=f"user:{person}" if n else "guest",
            time=start + timedelta(minutes=n),
            correlation_id=f"r{n}",
            origin=f"203.0.113.{n} home Kiosk",
        )

    async def actions(**params: Any) -> list[str]:
        response = await client.get("/audit-log", params=params)
        assert response.status_code == 200, response.text
        return [entry["action"] for entry in response.json()["items"]]

    assert await actions() == ["deleted", "updated", "created"]
    assert await actions(order="time") == ["created", "updated", "deleted"]
    assert await actions(actor_id=str(person)) == ["deleted", "updated"]
    assert await actions(actor_kind="guest") == ["created"]
    assert await actions(actor_kind=["guest", "user"], limit=2) == ["deleted", "updated"]
    assert await actions(actor_kind="system") == []
    assert (await client.get("/audit-log", params={"actor_kind": "robot"})).status_code == 422
    assert await actions(address="203.0.113.1") == ["updated"]
    assert await actions(action=["created", "deleted"]) == ["deleted", "created"]
    assert await actions(resource="deal", resource_id=str(deal_id)) == ["updated"]
    assert await actions(service="catalog") == []
    assert await actions(request_id="r0") == ["created"]
    assert await actions(time_from=(start + timedelta(minutes=1)).isoformat()) == ["deleted", "updated"]
    assert await actions(time_to=start.isoformat()) == ["created"]
    assert await actions(q="delet") == ["deleted"]
    first = (await client.get("/audit-log", params={"limit": 2})).json()
    rest = (await client.get("/audit-log", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [e["action"] for e in first["items"] + rest["items"]] == ["deleted", "updated", "created"]
    assert (await client.get("/audit-log", params={"surprise": 1})).status_code == 422


async def test_another_business_sees_nothing_of_it(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await record(context, tenant_id)
    (entry,) = (await client.get("/audit-log")).json()["items"]
    stranger = client.acting(user(other_tenant_id))

    assert (await stranger.get("/audit-log")).json()["items"] == []
    assert (await stranger.get(f"/audit-log/{entry['id']}")).status_code == 404


async def test_who_may_not_gets_401_or_403(client: Client, tenant_id: UUID) -> None:
    refused = await client.acting(user(tenant_id, "crm.*")).get("/audit-log")

    assert refused.json()["required_permission"] == "identity.audit_log.read"
    assert (
        await client.acting(user(tenant_id, "identity.audit_log.read")).get("/audit-log")
    ).status_code == 200
    assert (await client.acting(guest(tenant_id)).get("/audit-log")).status_code == 401
    assert (await client.delete("/audit-log")).status_code == 405


@pytest.mark.parametrize(
    "statement", ["UPDATE identity.audit_log SET action = 'x'", "DELETE FROM identity.audit_log"]
)
async def test_the_database_refuses_to_rewrite_it(
    context: ServiceContext, client: Client, tenant_id: UUID, statement: str
) -> None:
    await record(context, tenant_id)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await uow.session.execute(text(statement))

    (entry,) = (await client.get("/audit-log")).json()["items"]
    assert entry["action"] == "updated"


def test_not_even_the_owner_of_the_tables_rewrites_it(context: ServiceContext) -> None:
    import psycopg

    with psycopg.connect(context.common.database_url) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("TRUNCATE identity.audit_log")
