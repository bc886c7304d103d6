"""Kept mails and simulated pushes over HTTP."""

from uuid import UUID

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.notifications.channels.base import PermanentFailure
from services.notifications.channels.mailbox import MailboxChannel
from services.notifications.deliveries.late_link import LINK_ID
from services.notifications.tests.channels.provider_suite import outgoing
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.factories import operator


async def test_mails_are_found_by_address_and_subject(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    channel = MailboxChannel(context)
    await channel.send(outgoing(email.upper(), tenant_id, subject="100% off"))
    await channel.send(outgoing(email, tenant_id, subject="100 off"))

    listed = await client.get("/mailbox", params={"to": email})
    either = (await client.get("/mailbox", params={"to": [email, "nobody@example.com"]})).json()["items"]
    parts = {"to": email, "subject": ["0% O", "nothing"]}
    by_parts = (await client.get("/mailbox", params=parts)).json()["items"]
    by_subject = (await client.get("/mailbox", params={"subject": "0% O"})).json()["items"]

    assert len(listed.json()["items"]) == 2
    assert "No SMTP server is configured" in listed.json()["notice"]
    assert listed.headers["x-pillars-mail"] == "kept"
    assert [m["subject"] for m in by_subject] == ["100% off"]
    assert either == listed.json()["items"]
    assert by_parts == by_subject
    assert by_subject[0]["to"] == email.lower()
    mail = (await client.get(f"/mailbox/{by_subject[0]['id']}")).json()
    assert (mail["text"], mail["html"]) == ("Thank you\nfor your order", "<p>Thank you</p>")


async def test_what_no_mail_could_be_is_not_kept(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    good, encoded = outgoing(email, tenant_id), outgoing(email, tenant_id, subject="=?utf-8?q?Rooibos?= tea")
    two_lines = outgoing(email, tenant_id, subject="x\r\nBcc: b@example.com")
    two_people = outgoing(f"{email}, b@example.com", tenant_id)

    answers = await MailboxChannel(context).send_many([good, two_lines, encoded, two_people])

    kept = (await client.get("/mailbox", params={"to": email})).json()["items"]
    assert [type(answer) for answer in answers] == [str, PermanentFailure, str, PermanentFailure]
    assert {mail["id"]: mail["subject"] for mail in kept} == {
        str(good.delivery_id): good.subject,
        # What looks like an encoded word is text: read, it could be a line break.
        str(encoded.delivery_id): "= ?utf-8?q?Rooibos?= tea",
    }


async def test_a_business_sees_its_own_and_the_platform_sees_all(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID, email: str
) -> None:
    await MailboxChannel(context).send(outgoing(email, tenant_id))
    stranger = client.acting(user(other_tenant_id))
    [item] = (await client.get("/mailbox", params={"to": email})).json()["items"]

    assert (await stranger.get("/mailbox", params={"to": email})).json()["items"] == []
    assert (await stranger.get(f"/mailbox/{item['id']}")).status_code == 404
    assert (await operator(client).get(f"/mailbox/{item['id']}")).json()["id"] == item["id"]
    seen = (await operator(client).get("/mailbox", params={"to": email})).json()["items"]
    assert [m["id"] for m in seen] == [item["id"]]


async def test_links_that_open_accounts_are_for_few_to_read(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    channel, link = MailboxChannel(context), {LINK_ID: str(new_id())}
    reset = outgoing(email, OPERATOR_TENANT_ID, data=link, text="https://shop.example/reset#token=karoo")
    invitation = outgoing(email, tenant_id, data=link)
    plain = outgoing(email, tenant_id)
    for one in (reset, invitation, plain):
        await channel.send(one)
    superadmin = user(OPERATOR_TENANT_ID, is_superuser=True)
    staff = user(OPERATOR_TENANT_ID, "notifications.*", "identity.*", roles=("staff-admin",))
    manager = user(tenant_id, "notifications.*", roles=("manager",))

    for actor, seen in (
        (superadmin, (reset, invitation, plain)),
        (staff, (plain,)),
        (client.actor, (invitation, plain)),
        (manager, (plain,)),
    ):
        reader = client.acting(actor)
        listed = (await reader.get("/mailbox", params={"to": email})).json()["items"]
        assert {m["id"] for m in listed} == {str(one.delivery_id) for one in seen}
        for one in (reset, invitation, plain):
            answer = await reader.get(f"/mailbox/{one.delivery_id}")
            assert answer.status_code == (200 if one in seen else 404)
        # Nor is the token found by guessing at it in searches.
        found = (await reader.get("/mailbox", params={"q": "karoo", "to": email})).json()["items"]
        assert len(found) == (reset in seen)


@pytest.mark.parametrize(
    "path", ["/mailbox", "/mailbox/0198c0de-0000-7000-8000-000000000000", "/fcm/sandbox/messages"]
)
async def test_rights_are_demanded(client: Client, tenant_id: UUID, path: str) -> None:
    assert (await client.acting(None).get(path)).status_code == 401
    assert (await client.acting(guest(tenant_id)).get(path)).status_code == 401
    refused = await client.acting(user(tenant_id, "notifications.deliveries.read")).get(path)
    assert refused.json()["required_permission"] == "notifications.mailbox.read"


async def test_the_start_says_what_is_only_simulated(
    open_context: OpenContext, tenant_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING"):
        await open_context()
        assert "no SMTP server is configured" in caplog.text
        assert "no FCM service account is configured" in caplog.text
        caplog.clear()
        context = await open_context(smtp_host="mail.example.com", fcm_credentials="/etc/firebase.json")
        assert caplog.text == ""

    listed = await Client(context, user(tenant_id)).get("/mailbox")
    assert listed.headers["x-pillars-mail"] == "sent"
