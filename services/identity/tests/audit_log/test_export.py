"""The audit log as a file, and from where things were done."""

import csv
import io
import json
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.messaging.consumer import Consumer
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.audit import CHANGE_RECORDED, change_recorded
from services.identity.manifest import SERVICE

HANDLER = "identity.record_audit"
(RECORD,) = (s for s in SERVICE.subscriptions if s.name == HANDLER)


async def record(context: ServiceContext, tenant_id: UUID, *names: str, **changes: Any) -> None:
    """Changes of things with these names."""
    sent = [
        envelope(
            change_recorded("crm", "renamed", name, new_id(), None, {"name": name}), tenant_id, **changes
        )
        for name in names
    ]
    await Consumer(context).deliver_batch(RECORD, sent)


async def test_an_export_has_all_pages_filtered_as_the_list_is(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await record(context, tenant_id, *("deal" for _ in range(501)), "lead")
    await record(context, new_id(), "deal")

    whole = await client.get("/audit-log/export", params={"format": "jsonl", "order": "time"})
    some = await client.get("/audit-log/export", params={"format": "jsonl", "resource": "lead"})

    lines = [json.loads(line) for line in whole.text.splitlines()]
    assert sorted(line["seq"] for line in lines) == list(range(1, 503))
    assert {line["tenant_id"] for line in lines} == {str(tenant_id)}
    (line,) = some.text.splitlines()
    (listed,) = (await client.get("/audit-log", params={"resource": "lead"})).json()["items"]
    assert json.loads(line) == listed
    assert whole.headers["content-type"] == "application/jsonl"
    assert whole.headers["content-disposition"] == 'attachment; filename="audit-log.jsonl"'


async def test_no_cell_of_a_csv_is_a_formula(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await record(context, tenant_id, "=HYPERLINK(1)", origin="203.0.113.9 token @SUM(1+1)*cmd|' /C calc'!A0")

    response = await client.get("/audit-log/export")

    (row,) = csv.DictReader(io.StringIO(response.text))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert (row["resource"], row["after"]) == ("'=HYPERLINK(1)", '{"name":"=HYPERLINK(1)"}')
    assert row["user_agent"].startswith("'@SUM")
    assert (row["address"], row["tenant_via"], row["before"]) == ("203.0.113.9", "token", "")


async def test_a_number_with_more_digits_than_64_bits_hold_ends_no_export(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    change = change_recorded("crm", "updated", "deal", new_id(), None, {"value": 1e20})
    await Consumer(context).deliver_batch(RECORD, [envelope(change, tenant_id)])

    response = await client.get("/audit-log/export")

    (row,) = csv.DictReader(io.StringIO(response.text))
    assert json.loads(row["after"]) == {"value": 10**20}


@pytest.mark.parametrize("name", ["action", "request_id", "address", "q"])
async def test_a_filter_that_no_text_can_equal_is_refused_before_anything_is_sent(
    client: Client, name: str
) -> None:
    response = await client.get("/audit-log/export", params={name: "nul\x00"})

    assert (response.status_code, response.json()["slug"]) == (422, "validation-failed")
    assert response.json()["errors"][0]["loc"][:2] == ["query", name]


async def test_who_exports_is_written_down(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    await client.get("/audit-log/export", params={"format": "jsonl", "service": "crm"})

    (sent,) = await emitted(context, tenant_id, CHANGE_RECORDED["identity"])
    assert (sent.data["action"], sent.data["after"]) == (
        "exported",
        {"format": "jsonl", "filtered_by": ["service"]},
    )


async def test_a_change_tells_from_where_it_was_made(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", "User-Agent": b"Kiosk/2 (\xfc)"}

    made = await client.post(
        "/roles", json={"code": "packer", "name": "Packer", "permissions": []}, headers=headers
    )
    assert made.status_code == 201, made.text
    (sent,) = await emitted(context, tenant_id, CHANGE_RECORDED["identity"])
    await deliver(context, sent, handler=HANDLER)

    (entry,) = (await client.get("/audit-log")).json()["items"]
    assert (entry["address"], entry["user_agent"]) == ("203.0.113.7", "Kiosk/2 (?)")
    assert (entry["action"], entry["resource"]) == ("created", "role")


async def test_an_entry_names_who_acted_and_whom_as(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    staff, other, key = new_id(), new_id(), new_id()
    await record(context, tenant_id, "deal", actor=f"user:{staff}/as:{other}")
    await record(context, tenant_id, "deal", actor=f"api_key:{key}")

    async def found(**params: Any) -> list[tuple[str, str]]:
        items = (await client.get("/audit-log", params=params)).json()["items"]
        return [(entry["actor_id"], entry["acted_as_id"]) for entry in items]

    assert await found(acted_as_id=str(other)) == [(str(staff), str(other))]
    assert await found(actor_id=str(key)) == [(str(key), None)]
