"""What people are told by the rules of a business, and of them."""

from typing import Any
from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.contracts.crm import RuleDisabled, RuleNotified
from services.notifications.tests.factories import acting, join, mails, notices, run_jobs, take


async def test_a_rule_tells_those_whom_it_names(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    told, other = [await join(context, tenant_id, "manager") for _ in range(2)]
    deal_id = new_id()
    said: dict[str, Any] = {"rule_id": new_id(), "rule_name": "Large deals", "run_id": new_id()}
    event = RuleNotified(
        **said,
        user_ids=[told.user_id],
        title="Won <b>{{ deal.name }}</b>",
        text="ZAR 4990.00",
        object_type="deal",
        object_id=deal_id,
    )

    await take(context, event, tenant_id)
    await take(context, RuleNotified(**said, user_ids=[told.user_id], title="No object"), tenant_id)

    second, first = await notices(acting(client, told))
    assert (first["type"], first["title"], first["body"]) == ("rule_notice", event.title, event.text)
    assert (first["object"], first["link"]) == ({"type": "deal", "id": str(deal_id)}, f"/deals/{deal_id}")
    assert (second["title"], second["object"]) == ("No object", None)
    assert await notices(acting(client, other)) == []


async def test_the_owner_hears_of_a_rule_that_was_disabled(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    owner, other = [await join(context, tenant_id, "manager") for _ in range(2)]
    event = RuleDisabled(
        rule_id=new_id(), rule_name="Large deals", owner_id=owner.user_id, reason="the last 10 runs failed"
    )

    await take(context, event, tenant_id)
    await run_jobs(context)

    [notice] = await notices(acting(client, owner))
    assert (notice["type"], notice["link"]) == ("rule_disabled", f"/automation/rules/{event.rule_id}")
    assert "the last 10 runs failed" in notice["body"]
    assert await notices(acting(client, other)) == []
    [mail] = await mails(client, owner.email)
    assert mail["subject"] == "The rule “Large deals” was disabled"
