"""Single messages over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.notifications.tests.factories import (
    acting,
    all_deliveries,
    join,
    mails,
    pushes,
    register_device,
    run_jobs,
)


def key() -> dict[str, str]:
    """A new idempotency key."""
    return {"Idempotency-Key": str(new_id())}


async def test_an_own_text_is_mailed_once_per_key(
    context: ServiceContext, client: Client, email: str
) -> None:
    body = {
        "to_email": email,
        "subject": "Hello\tthere",
        "text": "See https://example.com/a?b=1&c=2.\n\n<b>Bye",
    }
    headers = key()

    first = await client.post("/messages", json=body, headers=headers)
    again = await client.post("/messages", json=body, headers=headers)
    other = await client.post("/messages", json={**body, "text": "x"}, headers=headers)
    await run_jobs(context)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["slug"] == "idempotency-key-reused"
    [item] = await mails(client, email)
    assert item["subject"] == "Hello there"
    mail = (await client.get(f"/mailbox/{item['id']}")).json()
    assert '<a href="https://example.com/a?b=1&amp;c=2">' in mail["html"]
    assert "&lt;b&gt;Bye" in mail["html"]


async def test_without_a_key_each_call_is_a_mail_of_its_own(
    context: ServiceContext, client: Client, email: str
) -> None:
    body = {"to_email": email, "subject": "Hello", "text": "There"}

    answers = [await client.post("/messages", json=body) for _ in range(2)]
    await run_jobs(context)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["deliveries"] != answers[1].json()["deliveries"]
    assert len(await mails(client, email)) == 2


async def test_a_member_gets_the_text_of_a_type_in_his_language(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    member = await join(context, tenant_id, "owner", locale="ru")
    body = {
        "to_user_id": str(member.user_id),
        "type": "company_activated",
        "variables": {"company": {"name": "Karoo"}},
    }

    assert (await client.post("/messages", json=body, headers=key())).status_code == 202
    await run_jobs(context)

    assert [m["subject"] for m in await mails(client, member.email)] == ["Компания Karoo одобрена"]


async def test_a_push_goes_to_each_device(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    member = await join(context, tenant_id, "owner")
    tokens = [await register_device(acting(client, member)) for _ in range(2)]
    body = {"to_user_id": str(member.user_id), "channel": "push", "subject": "Hi", "text": "There"}

    sent = await client.post("/messages", json=body, headers=key())
    await run_jobs(context)

    assert len(sent.json()["deliveries"]) == 2
    for token in tokens:
        assert [p["title"] for p in await pushes(client, token)] == ["Hi"]


async def test_who_cannot_be_reached_is_a_conflict(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    member = await join(context, tenant_id, "owner")
    stranger = await join(context, other_tenant_id, "owner")
    text = {"subject": "Hi", "text": "There"}
    for body in (
        {"to_user_id": str(stranger.user_id), **text},
        {"to_user_id": str(new_id()), **text},
        {"to_user_id": str(member.user_id), "channel": "push", **text},
    ):
        refused = await client.post("/messages", json=body, headers=key())
        assert (refused.status_code, refused.json()["slug"]) == (409, "recipient-unreachable")
    no_text = {"to_user_id": str(member.user_id), "channel": "push", "type": "order_placed"}
    await register_device(acting(client, member))
    assert (await client.post("/messages", json=no_text, headers=key())).json()["slug"] == "no-text"
    assert await all_deliveries(client) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"to_email": "a@example.com"},
        {"subject": "a", "text": "b"},
        {"to_email": "a@example.com", "subject": "a"},
        {"to_email": "a@example.com", "type": "order_placed", "subject": "a"},
        {"to_email": "a@example.com", "type": "surprise"},
        {"to_email": "a@example.com", "channel": "push", "subject": "a", "text": "b"},
        {"to_email": "a@example.com", "channel": "pigeon", "subject": "a", "text": "b"},
        {"to_email": "a@example.com\r\nBcc: b@example.com", "subject": "a", "text": "b"},
        {"to_email": "a@example.com", "to_user_id": str(new_id()), "subject": "a", "text": "b"},
        {"to_email": "a@example.com", "subject": "a", "text": "b", "surprise": 1},
        {"to_email": "a@example.com", "subject": "", "text": "b"},
    ],
)
async def test_bad_messages_are_refused(client: Client, body: dict[str, Any]) -> None:
    assert (await client.post("/messages", json=body, headers=key())).status_code == 422
    assert await all_deliveries(client) == []


async def test_rights_are_demanded(client: Client, tenant_id: UUID) -> None:
    body = {"to_email": "a@example.com", "subject": "a", "text": "b"}
    assert (await client.acting(None).post("/messages", json=body, headers=key())).status_code == 401
    assert (
        await client.acting(guest(tenant_id)).post("/messages", json=body, headers=key())
    ).status_code == 401
    refused = await client.acting(user(tenant_id, "x.y")).post("/messages", json=body, headers=key())
    assert refused.json()["required_permission"] == "notifications.messages.write"
