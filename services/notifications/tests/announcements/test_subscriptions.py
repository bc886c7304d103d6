"""What customers are told of their subscriptions."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.contracts.payments import SubscriptionCancelled, SubscriptionPastDue
from services.notifications.tests.factories import mails, run_jobs, take, zar


def _told(email: str) -> dict[str, Event]:
    sold: dict[str, Any] = {
        "subscription_id": new_id(),
        "plan_name": "Beans",
        "quantity": 1,
        "amount": zar(30_000),
        "email": email,
        "customer_name": "Thandi",
    }
    unpaid: dict[str, Any] = {
        "invoice_id": new_id(),
        "invoice_number": "INV-7",
        "outstanding": zar(12_000),
        "due_on": "2026-02-07",
    }
    return {
        "Invoice INV-7 is overdue": SubscriptionPastDue(**sold, **unpaid, status="past_due", reminder=2),
        "": SubscriptionPastDue(**sold, **unpaid, status="past_due"),
        "Your subscription has ended: Beans": SubscriptionCancelled(
            **sold, status="cancelled", reason="It was not paid.", ended_at=datetime.now(UTC)
        ),
    }


@pytest.mark.parametrize("subject", list(_told("a@example.com")))
async def test_a_customer_is_mailed_what_becomes_of_it_once(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str, subject: str
) -> None:
    event = _told(email)[subject]
    await take(context, event, tenant_id)
    await run_jobs(context)

    found = await mails(client, email)

    assert [mail["subject"] for mail in found] == [subject] * bool(subject)
    if isinstance(event, SubscriptionPastDue) and event.reminder:
        text = (await client.get(f"/mailbox/{found[0]['id']}")).json()["text"]
        assert "ZAR 120.00" in text
        assert f"/api/v1/invoices/{event.invoice_id}/pdf" in text
